#include "libtrack/capture/told.h"

#include "libtrack/capture/coroutines.h"
#include "libtrack/core/coroutine_table.h"
#include "libtrack/core/declared.h"
#include "libtrack/core/options.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/thread_state.h"
#include "libtrack/core/told_coroutines.h"

namespace track::capture {

using core::this_thread;
using wire::ToldCoroutine;
using wire::ToldState;

// A frame that has a block of its own, and one of the allocators' hooks has seen that, has its
// creation stack there, and is counted there.
uint32_t told_created(uint64_t frame, const core::Registers& registers) {
  if (frame == 0 || !core::options.coroutines || core::current_slot() == nullptr) return 0;
  core::BusyScope busy;
  const core::FrameCell* cell = core::find_frame_cell(frame);
  bool in_table = false;
  if (cell != nullptr)
    if (const uint32_t index = cell->load(std::memory_order_acquire) & core::kCellIndex; index != 0)
      in_table =
          core::recording.coroutines[index - 1].address.load(std::memory_order_relaxed) == frame;
  const uint32_t stack = in_table ? wire::kToldInTable : core::capture_stack(registers);
  const uint32_t id = core::insert_told(frame, sys::ticks(), this_thread.task, stack);
  if (id != 0 && !in_table) count_coroutine_created();
  return id;
}

void told_suspended(uint32_t id, uint64_t frame, ToldState state, const char* file,
                    const char* function, uint32_t line) {
  ToldCoroutine* slot = core::told_coroutine(id, frame);
  if (slot == nullptr) return;
  // Where it ends is not its own place: final_suspend's.
  if (state != ToldState::final)
    slot->place.store(core::told_place(file, function, line), std::memory_order_relaxed);
  slot->object.store(0, std::memory_order_relaxed);
  slot->since_ticks.store(sys::ticks(), std::memory_order_relaxed);
  slot->state.store(state, std::memory_order_release);
}

void told_waits_for(uint32_t id, uint64_t frame, uint64_t object, uint32_t kind) {
  if (ToldCoroutine* slot = core::told_coroutine(id, frame))
    slot->object.store(wire::told_object_word(object, kind), std::memory_order_release);
}

bool told_owns(uint32_t id, uint64_t frame, uint64_t object) {
  ToldCoroutine* slot = core::told_coroutine(id, frame);
  if (slot == nullptr) return false;
  core::BusyScope busy;
  if (!core::set_owner(object, wire::coroutine_owner(id, slot->created_ticks))) return false;
  slot->owns.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void told_resumed(uint32_t id, uint64_t frame) {
  ToldCoroutine* slot = core::told_coroutine(id, frame);
  if (slot == nullptr) return;
  if (__builtin_expect(this_thread.slot == nullptr, 0)) core::current_slot();
  slot->thread.store(this_thread.task, std::memory_order_relaxed);
  slot->resumes.store(slot->resumes.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  slot->since_ticks.store(0, std::memory_order_relaxed);  // a time stamp is most of an event's cost
  slot->state.store(ToldState::running, std::memory_order_release);
}

void told_awaited_by(uint32_t id, uint64_t frame, uint64_t awaiter) {
  if (ToldCoroutine* slot = core::told_coroutine(id, frame))
    slot->awaiter.store(awaiter, std::memory_order_relaxed);
}

// A handler that interrupted the tracker may not touch the free slots: that entry is used up.
void told_destroyed(uint32_t id, uint64_t frame) {
  ToldCoroutine* slot = core::told_coroutine(id, frame);
  if (slot == nullptr) return;
  core::forget_declared(wire::DeclaredSort::coroutine, frame);
  if (slot->stack != wire::kToldInTable) count_coroutine_destroyed();
  if (core::inside_tracker()) return core::erase_told(*slot, false);
  core::BusyScope busy;
  core::erase_told(*slot, true);
}

}  // namespace track::capture
