// The bodies of include/track/wait.h. A wait is told every time somebody waits: where tasks are no
// fibers that costs a time stamp and a few stores.
#include "libtrack/core/declared.h"
#include "libtrack/core/fiber_table.h"
#include "libtrack/core/sys.h"
#include "libtrack/include/track/wait.h"

#define TRACK_API extern "C" __attribute__((visibility("default"), nothrow))

namespace core = track::core;
namespace wire = track::wire;

namespace {

// The fiber that runs; null: the thread's own stack.
wire::FiberSlot* current_fiber() {
  if (__builtin_expect(!core::any_fibers.load(std::memory_order_relaxed), 1)) return nullptr;
  const uint32_t fiber = core::fiber_at(reinterpret_cast<uint64_t>(__builtin_frame_address(0)));
  return fiber == 0 ? nullptr : &core::fiber_slot(fiber);
}

wire::ToldThread* own_words() {
  core::BusyScope busy;
  return core::told_thread();
}

uint32_t current_task() {
  const wire::FiberSlot* fiber = current_fiber();
  return fiber != nullptr ? fiber->task : core::this_thread.task;
}

// `object` is written last: until then the words are those of a wait that is over.
void write(wire::ToldWait& wait, const void* object, uint32_t kind, uint64_t caller) {
  wait.object.store(0, std::memory_order_relaxed);
  wait.since_ticks.store(track::sys::ticks(), std::memory_order_relaxed);
  wait.caller.store(caller, std::memory_order_relaxed);
  wait.object.store(wire::told_object_word(reinterpret_cast<uint64_t>(object), kind),
                    std::memory_order_release);
}

}  // namespace

TRACK_API void track_abi_wait_begin(const void* object, uint32_t kind) {
  if (core::current_slot() == nullptr) return;
  const auto caller = reinterpret_cast<uint64_t>(__builtin_return_address(0));
  if (wire::FiberSlot* fiber = current_fiber(); fiber != nullptr) {
    const uint32_t waits = fiber->waits.load(std::memory_order_relaxed);
    if (waits == 0) write(fiber->wait, object, kind, caller);
    fiber->waits.store(waits + 1, std::memory_order_release);
    return;
  }
  wire::ToldThread* told = own_words();
  if (told == nullptr) return;
  const uint32_t waits = told->waits.load(std::memory_order_relaxed);
  if (waits < wire::kToldWaits) write(told->wait[waits], object, kind, caller);
  told->waits.store(waits + 1, std::memory_order_release);
}

TRACK_API void track_abi_wait_end() {
  if (core::current_slot() == nullptr) return;
  wire::FiberSlot* fiber = current_fiber();
  wire::ToldThread* told = fiber != nullptr ? nullptr : own_words();
  if (fiber == nullptr && told == nullptr) return;
  std::atomic<uint32_t>& count = fiber != nullptr ? fiber->waits : told->waits;
  if (const uint32_t waits = count.load(std::memory_order_relaxed); waits != 0)
    count.store(waits - 1, std::memory_order_release);
}

TRACK_API int track_abi_owner_set(const void* object) {
  if (core::current_slot() == nullptr) return 0;
  core::BusyScope busy;
  return core::set_owner(reinterpret_cast<uint64_t>(object), current_task()) ? 1 : 0;
}

TRACK_API void track_abi_owner_clear(const void* object) {
  if (core::current_slot() == nullptr) return;
  core::BusyScope busy;
  core::set_owner(reinterpret_cast<uint64_t>(object), 0);
}

TRACK_API int track_abi_woke(const void* object) {
  if (core::current_slot() == nullptr) return 0;
  core::BusyScope busy;
  const auto address = reinterpret_cast<uint64_t>(object);
  wire::Declared* entry = core::wait_object(address);
  if (entry == nullptr) return 0;
  entry->waker_ticks.store(track::sys::ticks(), std::memory_order_relaxed);
  entry->waker.store(wire::object_task(address, current_task()), std::memory_order_release);
  return 1;
}

TRACK_API void track_abi_object_gone(const void* object) {
  if (core::current_slot() == nullptr) return;
  core::BusyScope busy;
  const auto address = reinterpret_cast<uint64_t>(object);
  if (const wire::Declared* entry = core::declared_lock(address);
      entry != nullptr && entry->owner.load(std::memory_order_relaxed) != 0)
    core::set_owner(address, 0);
  core::forget_declared(wire::DeclaredSort::lock, address);
}
