#include "libtrack/capture/fibers.h"

#include "libtrack/core/labels.h"
#include "libtrack/core/options.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/thread_state.h"

namespace track::capture {
namespace {

using core::fiber_slot;
using core::this_thread;
using wire::FiberSlot;
using wire::FiberState;

// The fiber this stack belongs to. The one the thread was last seen to switch to, if another, has
// left without a switch of ours: its function returned, and its stack is dead.
uint32_t fiber_under(uint64_t sp) {
  const uint32_t fiber = core::fiber_at(sp);
  const uint32_t before = this_thread.fiber;
  if (before == 0 || before == fiber) return fiber;
  FiberSlot& slot = fiber_slot(before);
  if (slot.state.load(std::memory_order_relaxed) == FiberState::running &&
      slot.thread.load(std::memory_order_relaxed) == this_thread.task)
    core::release_fiber(before);
  return fiber;
}

}  // namespace

uint32_t prepared_fiber(wire::FiberSort sort, uint64_t stack_low, uint64_t stack_high,
                        uint64_t entry, const core::Registers& registers) {
  wire::ThreadSlot* thread = core::current_slot();
  if (thread == nullptr || !core::options.fibers) return 0;
  core::BusyScope busy;
  // makecontext on the stack of the fiber that runs just now would be its own end; no program does.
  const uint32_t fiber = core::claim_fiber(stack_low, stack_high);
  if (fiber == 0) return 0;
  FiberSlot& slot = fiber_slot(fiber);
  slot.sort = sort;
  slot.task = core::recording.header->next_task.fetch_add(1, std::memory_order_relaxed);
  slot.creator = thread->task;
  slot.entry = entry;
  slot.created_labels = core::current_labels();
  slot.labels.store(slot.created_labels, std::memory_order_relaxed);
  slot.waits.store(0, std::memory_order_relaxed);
  slot.created_ticks = sys::ticks();
  slot.switched_ticks.store(0, std::memory_order_relaxed);
  slot.switches.store(0, std::memory_order_relaxed);
  slot.context.store(0, std::memory_order_relaxed);
  slot.thread.store(0, std::memory_order_relaxed);
  slot.moved.store(0, std::memory_order_relaxed);
  slot.created_stack = core::capture_stack(registers);
  slot.state.store(FiberState::created, std::memory_order_release);
  core::count(core::counters().fibers_created);
  return fiber;
}

void switching_fiber(uint64_t sp, uint64_t context, uint64_t target) {
  if (!core::any_fibers.load(std::memory_order_relaxed) || core::current_slot() == nullptr) return;
  core::BusyScope busy;
  const uint64_t now = sys::ticks();
  if (const uint32_t from = fiber_under(sp)) {
    FiberSlot& slot = fiber_slot(from);
    slot.context.store(context, std::memory_order_relaxed);
    slot.thread.store(this_thread.task, std::memory_order_relaxed);
    slot.switched_ticks.store(now, std::memory_order_relaxed);
    slot.state.store(FiberState::suspended, std::memory_order_release);
  }
  const uint32_t to = core::fiber_at(target);
  this_thread.fiber = to;
  core::take_labels_of(to);
  if (to == 0) return;
  FiberSlot& slot = fiber_slot(to);
  const uint32_t before = slot.thread.load(std::memory_order_relaxed);
  if (before != 0 && before != this_thread.task) slot.moved.store(1, std::memory_order_relaxed);
  slot.thread.store(this_thread.task, std::memory_order_relaxed);
  slot.switched_ticks.store(now, std::memory_order_relaxed);
  slot.switches.store(slot.switches.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  slot.state.store(FiberState::running, std::memory_order_release);
}

void stack_freed(uint64_t block) {
  const uint32_t fiber = core::fiber_at(block);
  if (fiber != 0 && fiber_slot(fiber).stack_low == block) core::release_fiber(fiber);
}

void stacks_unmapped(uint64_t low, uint64_t high) {
  if (!core::any_fibers.load(std::memory_order_relaxed) || high <= low || core::inside_tracker())
    return;
  core::BusyScope busy;
  core::release_fibers_between(low, high);
}

}  // namespace track::capture
