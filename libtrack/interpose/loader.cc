// dlopen searches by its caller's RUNPATH and namespace, which it finds by its return address: so
// the stubs leave the stack as they found it and jump on. What a dlopen brought is recorded when an
// address of it is first seen in a stack.
//
// Attached, the references of new modules have to be turned to us. A file named by a path is opened
// in a call of ours, and its references are turned when that returns: who calls does not matter for
// a path. For a bare name it does; then they are turned when the next name is looked up.
#include "libtrack/interpose/loader.h"

#include "libtrack/capture/next_symbols.h"
#include "libtrack/capture/real.h"
#include "libtrack/core/modules.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;

namespace track::interpose {

std::atomic<void (*)()> after_dlopen{nullptr};

namespace {

Dlsym libcs_dlsym;

void new_modules() {
  if (auto* turn = after_dlopen.load(std::memory_order_acquire)) turn();
}

void* dlopen_by_path(const char* file, int mode) {
  void* handle = real.dlopen(file, mode);
  if (handle != nullptr) new_modules();
  return handle;
}

bool is_plain_path(const char* file) {
  bool path = false;
  for (; *file != 0; ++file) {
    if (*file == '$') return false;  // $ORIGIN is the caller's
    path |= *file == '/';
  }
  return path;
}

}  // namespace
}  // namespace track::interpose

using namespace track::interpose;

extern "C" {

__attribute__((visibility("hidden"), used)) void* track_before_dlopen(const char* file) {
  track::core::modules_changing();
  if (after_dlopen.load(std::memory_order_relaxed) != nullptr && file != nullptr &&
      is_plain_path(file))
    return reinterpret_cast<void*>(&dlopen_by_path);
  return reinterpret_cast<void*>(real.dlopen);
}
__attribute__((visibility("hidden"), used)) void* track_before_dlsym() {
  new_modules();
  return reinterpret_cast<void*>(libcs_dlsym);
}
__attribute__((visibility("hidden"), used)) void* track_before_dlmopen() {
  track::core::modules_changing();
  return reinterpret_cast<void*>(real.dlmopen);
}

#define TRACK_PASS_ON(name, before)                                                        \
  asm("  .text\n  .globl " #name "\n  .type " #name ", @function\n" #name                  \
      ":\n  .cfi_startproc\n"                                                              \
      "  push %rdi\n  .cfi_adjust_cfa_offset 8\n  push %rsi\n  .cfi_adjust_cfa_offset 8\n" \
      "  push %rdx\n  .cfi_adjust_cfa_offset 8\n"                                          \
      "  call " #before                                                                    \
      "\n  pop %rdx\n  .cfi_adjust_cfa_offset -8\n"                                        \
      "  pop %rsi\n  .cfi_adjust_cfa_offset -8\n  pop %rdi\n  .cfi_adjust_cfa_offset -8\n" \
      "  jmp *%rax\n  .cfi_endproc\n  .size " #name ", .-" #name "\n")

TRACK_PASS_ON(dlopen, track_before_dlopen);
TRACK_PASS_ON(dlmopen, track_before_dlmopen);
TRACK_PASS_ON(track_bound_dlsym, track_before_dlsym);
asm(".hidden track_bound_dlsym");
void* track_bound_dlsym(void*, const char*) __attribute__((visibility("hidden")));

}  // extern "C"

namespace track::interpose {

Dlsym real_dlsym() {
  if (libcs_dlsym == nullptr) libcs_dlsym = reinterpret_cast<Dlsym>(next_symbol("dlsym"));
  return libcs_dlsym;
}
Dlsym bound_dlsym() {
  return &track_bound_dlsym;
}

}  // namespace track::interpose

TRACK_EXPORT int dlclose(void* handle) noexcept {
  const int rc = real.dlclose(handle);
  track::core::modules_closed();
  return rc;
}
