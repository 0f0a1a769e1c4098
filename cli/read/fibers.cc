// The fiber table. Where a suspended one stands its memory says: process/ reads that.
#include <algorithm>
#include <unordered_map>

#include "cli/read/image.h"

namespace track::read {
namespace {

using wire::FiberSlot;
using wire::FiberState;

constexpr uint64_t kMostFibers = uint64_t{1} << 22;

TaskState state_of(FiberState state) {
  switch (state) {
    case FiberState::created:
      return TaskState::created;
    case FiberState::running:
      return TaskState::running;
    case FiberState::suspended:
      return TaskState::suspended;
    case FiberState::free:
      break;
  }
  return TaskState::unknown;
}

using BySlot = std::unordered_map<uint32_t, std::vector<Fiber>>;  // by its index's low 16 bits

// A lock belongs to the fiber that took it: its thread may run others, and itself go on elsewhere.
// Until here Held::fiber is what the thread noted.
void name_holders(Trace& trace, const BySlot& by_slot) {
  for (Thread& thread : trace.threads)
    for (Held& held : thread.held) {
      const auto known = by_slot.find(held.fiber);
      held.fiber = 0;
      if (known == by_slot.end() || known->second.size() != 1) continue;
      const Fiber& fiber = known->second.front();
      const bool runs = fiber.state == TaskState::running;
      if (fiber.state == TaskState::suspended || (runs && fiber.thread != thread.id))
        held.fiber = fiber.id;
    }
}

}  // namespace

void read_fibers(Image& image) {
  const SectionView& section = image.section(wire::SectionKind::fibers);
  std::vector<Fiber>& result = image.trace().fibers;
  uint64_t unreadable = 0;
  BySlot by_slot;
  for (uint64_t i = 0; i < std::min(section.used, kMostFibers); ++i) {
    Copy<FiberSlot> slot, again;
    const uint64_t at = section.offset + i * sizeof(FiberSlot);
    if (!image.bytes().read(at, &slot, sizeof slot) ||
        !image.bytes().read(at, &again, sizeof again)) {
      ++unreadable;
      continue;
    }
    const TaskState state = state_of(slot->state.load(std::memory_order_relaxed));
    if (state == TaskState::unknown || slot->task != again->task) continue;  // used again meanwhile
    Fiber fiber;
    fiber.id = slot->task;
    fiber.creator = slot->creator;
    fiber.thread = slot->thread.load(std::memory_order_relaxed);
    fiber.sort =
        slot->sort == wire::FiberSort::fcontext ? FiberSort::fcontext : FiberSort::ucontext;
    fiber.state = state;
    fiber.stack_low = slot->stack_low;
    fiber.stack_high = slot->stack_high;
    fiber.entry = slot->entry;
    fiber.created_ticks = slot->created_ticks;
    fiber.created_ns = image.to_ns(slot->created_ticks);
    if (const uint64_t ticks = slot->switched_ticks.load(std::memory_order_relaxed); ticks != 0)
      fiber.switched_ns = image.to_ns(ticks);
    fiber.switches = slot->switches.load(std::memory_order_relaxed);
    fiber.moved = slot->moved.load(std::memory_order_relaxed) != 0;
    if (state == TaskState::suspended)
      fiber.context = slot->context.load(std::memory_order_relaxed);
    if (slot->waits.load(std::memory_order_relaxed) != 0) fiber.told = image.told_wait(slot->wait);
    fiber.labels = image.labels(slot->created_labels);
    fiber.created_at = image.stack(slot->created_stack, fiber.labels);
    result.push_back(fiber);
    by_slot[static_cast<uint16_t>(i + 1)].push_back(fiber);
  }
  name_holders(image.trace(), by_slot);
  if (unreadable != 0) image.warn(std::to_string(unreadable) + " fiber entries could not be read");
}

}  // namespace track::read
