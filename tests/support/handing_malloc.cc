// handing_malloc.cc: an allocator behind libtrack.so that gives a block to somebody else before the
// call that gave it back has returned: what may happen at any time, here it always does. free() and
// realloc() of the block that the program names wait until another thread's malloc has had it.
#include <dlfcn.h>
#include <sched.h>
#include <stdlib.h>

#include <atomic>

extern "C" {
std::atomic<void*> handing_block{nullptr};  // the program's: whose end is to be waited in
std::atomic<void*> handing_free{nullptr};   // given back, to be had
std::atomic<bool> handing_had{false};       // the program's: the other one has it
}

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

bool hand_over(void* block) {
  void* expected = block;
  if (block == nullptr || !handing_block.compare_exchange_strong(expected, nullptr)) return false;
  handing_free = block;
  while (!handing_had) sched_yield();
  handing_had = false;
  return true;
}

}  // namespace

extern "C" void* malloc(size_t n) {
  static const auto real = next<decltype(&malloc)>("malloc");
  constexpr size_t kHanded = 5000;
  if (n == kHanded)
    if (void* block = handing_free.exchange(nullptr)) return block;
  return real(n);
}

extern "C" void free(void* block) {
  static const auto real = next<decltype(&free)>("free");
  if (!hand_over(block)) real(block);
}

extern "C" void* realloc(void* block, size_t n) {
  static const auto real = next<decltype(&realloc)>("realloc");
  if (block == nullptr || handing_block.load() != block) return real(block, n);
  void* fresh = malloc(n);
  hand_over(block);
  return fresh;
}
