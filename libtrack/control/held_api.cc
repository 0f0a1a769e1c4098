// The body of include/track/abi.h: which locks are held, out of the threads' held sets.
#include "libtrack/core/declared.h"
#include "libtrack/core/labels.h"
#include "libtrack/core/options.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/scopes.h"
#include "libtrack/core/text.h"
#include "libtrack/include/track/track.h"

#define TRACK_API extern "C" __attribute__((visibility("default")))

namespace {

namespace core = track::core;
using track::wire::kHeldCapacity;
using track::wire::ThreadSlot;
using track::wire::ThreadState;

track_held_kind kind_of(uint64_t entry) {
  switch (entry & track::wire::kHeldSortMask) {
    case track::wire::kHeldRead:
      return TRACK_HELD_READ;
    case track::wire::kHeldWrite:
      return TRACK_HELD_WRITE;
    case track::wire::kHeldSpin:
      return TRACK_HELD_SPINLOCK;
    default:
      return TRACK_HELD_MUTEX;
  }
}

// A slot that names another thread by the time it has been read says nothing.
bool describe(const ThreadSlot& slot, uint32_t index, track_held& held) {
  const uint32_t sequence = slot.sequence.load(std::memory_order_acquire);
  const ThreadState state = slot.state.load(std::memory_order_acquire);
  if (state == ThreadState::free || index >= slot.held_count.load(std::memory_order_acquire))
    return false;
  const uint64_t entry = slot.held[index].load(std::memory_order_acquire);
  if (entry == 0) return false;
  const uint64_t address = entry & ~track::wire::kHeldSortMask;
  held.lock = reinterpret_cast<const void*>(address);
  held.kind = kind_of(entry);
  held.holder = slot.task;
  held.holder_labels = slot.created_labels;
  held.holder_tid = slot.tid.load(std::memory_order_relaxed);
  held.holder_ended = state == ThreadState::ended;
  held.is_mine = &slot == core::this_thread.slot;
  held.by_fiber = slot.held_fiber[index].load(std::memory_order_relaxed) != 0;
  if (const track::wire::Declared* told = core::declared_lock(address))
    if (const uint32_t name = told->name.load(std::memory_order_relaxed); name != 0)
      core::Text(held.name, sizeof held.name).add(core::text_at(name));
  return sequence % 2 == 0 && slot.sequence.load(std::memory_order_acquire) == sequence &&
         slot.held[index].load(std::memory_order_acquire) == entry;
}

}  // namespace

TRACK_API int track_abi_held_next(uint64_t* cursor, track_held* held, size_t held_bytes) {
  if (cursor == nullptr || held == nullptr || core::current_slot() == nullptr) return 0;
  if (!core::follows_locks(core::options)) return -1;
  core::BusyScope busy;
  const uint64_t used = core::entries_used<ThreadSlot>(track::wire::SectionKind::threads);
  for (uint64_t at = *cursor; at / kHeldCapacity < used; ++at) {
    track_held found = {};
    if (!describe(core::recording.threads[at / kHeldCapacity],
                  static_cast<uint32_t>(at % kHeldCapacity), found))
      continue;
    *cursor = at + 1;
    found.holder_labels = core::told_labels(found.holder_labels);
    // A program may have been built with an earlier, shorter structure.
    core::copy_bytes(held, &found, held_bytes < sizeof found ? held_bytes : sizeof found);
    return 1;
  }
  *cursor = used * kHeldCapacity;
  return 0;
}
