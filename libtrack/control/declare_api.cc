// The bodies of include/track/abi.h: names and marks.
#include "libtrack/core/declared.h"
#include "libtrack/core/fiber_table.h"
#include "libtrack/core/labels.h"
#include "libtrack/include/track/track.h"

#define TRACK_API extern "C" __attribute__((visibility("default"), nothrow))

namespace core = track::core;
using track::wire::DeclaredSort;

namespace {

// End of the stack of the fiber that runs; 0: the thread's own stack.
uint64_t current_fiber_end() {
  if (!core::any_fibers.load(std::memory_order_relaxed)) return 0;
  const uint32_t fiber = core::fiber_at(reinterpret_cast<uint64_t>(__builtin_frame_address(0)));
  return fiber == 0 ? 0 : core::fiber_slot(fiber).stack_high;
}

int declare(DeclaredSort sort, const void* object, const char* name, uint32_t set, uint32_t clear) {
  if (core::current_slot() == nullptr) return 0;
  core::BusyScope busy;
  return core::declare(sort, reinterpret_cast<uint64_t>(object), name, set, clear) ? 1 : 0;
}

const char* or_empty(const char* name) {
  return name == nullptr ? "" : name;
}

}  // namespace

TRACK_API int track_abi_task_name(const char* name) {
  if (core::current_slot() == nullptr) return 0;
  core::BusyScope busy;
  name = or_empty(name);
  if (const uint64_t fiber = current_fiber_end(); fiber != 0)
    return core::declare(DeclaredSort::fiber, fiber, name, 0, 0) ? 1 : 0;
  track::wire::ToldThread* told = core::told_thread();
  const uint32_t text = *name == 0 ? 0 : core::kept_text(name);
  if (told == nullptr || (text == 0 && *name != 0)) return 0;
  told->name.store(text, std::memory_order_release);
  return 1;
}

TRACK_API int track_abi_task_long_lived(int expected) {
  if (core::current_slot() == nullptr) return 0;
  core::BusyScope busy;
  constexpr uint32_t kMark = track::wire::kToldLongLived;
  const uint32_t set = expected != 0 ? kMark : 0, clear = expected != 0 ? 0 : kMark;
  if (const uint64_t fiber = current_fiber_end(); fiber != 0)
    return core::declare(DeclaredSort::fiber, fiber, nullptr, set, clear) ? 1 : 0;
  track::wire::ToldThread* told = core::told_thread();
  if (told == nullptr) return 0;
  const uint32_t flags = told->flags.load(std::memory_order_relaxed);
  told->flags.store((flags | set) & ~clear, std::memory_order_release);
  return 1;
}

TRACK_API int track_abi_coroutine_name(const void* frame, const char* name) {
  return declare(DeclaredSort::coroutine, frame, or_empty(name), 0, 0);
}

TRACK_API int track_abi_coroutine_long_lived(const void* frame, int expected) {
  constexpr uint32_t kMark = track::wire::kToldLongLived;
  return declare(DeclaredSort::coroutine, frame, nullptr, expected != 0 ? kMark : 0,
                 expected != 0 ? 0 : kMark);
}

TRACK_API int track_abi_lock_name(const void* lock, const char* name) {
  return declare(DeclaredSort::lock, lock, or_empty(name), 0, 0);
}
