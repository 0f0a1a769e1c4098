#include "libtrack/capture/holds.h"

#include "libtrack/core/memory.h"
#include "libtrack/core/modules.h"
#include "libtrack/core/options.h"
#include "libtrack/core/replay.h"
#include "libtrack/core/stacks.h"

namespace track::capture {

std::atomic<Callers*> callers{nullptr};

namespace {

uint32_t stack_of_caller(const void* caller) {
  if (const uint32_t known = known_caller(caller)) return known;
  if (caller == nullptr || core::inside_tracker()) return 0;
  core::BusyScope busy;
  const uint32_t generation = core::unwind_generation();
  const auto frame = reinterpret_cast<uint64_t>(caller);
  core::note_module_of(frame);  // no walk has met it
  const uint32_t stack =
      core::intern_stack(core::hash_frames(&frame, 1, core::stack_salt()), &frame, 1, true);
  Callers* table = callers.load(std::memory_order_acquire);
  if (table == nullptr || stack >> Callers::kStackBits != 0 || frame >> Callers::kAddressBits != 0)
    return stack;
  const CallerKey key = caller_key(caller, generation);
  table->entry[key.index].store(key.rest | stack, std::memory_order_relaxed);
  return stack;
}

}  // namespace

void start_holds() {
  if (core::records_holds(core::options) && callers.load(std::memory_order_relaxed) == nullptr)
    callers.store(static_cast<Callers*>(core::allocate(sizeof(Callers))),
                  std::memory_order_release);
}

void end_hold(const EndedHold& hold, uint32_t stack, const void* caller) {
  if (!core::recording_on()) return;
  // Counters of two processors may differ by a little.
  const uint64_t ticks = hold.now > hold.since ? hold.now - hold.since : 0;
  if (stack == 0 && ticks >= kWholeStackTicks && !core::inside_tracker()) {
    core::Registers registers;
    TRACK_GET_REGISTERS(registers);
    stack = core::capture_stack(registers);
  }
  push_hold(hold, ticks, stack != 0 ? stack : stack_of_caller(caller));
}

}  // namespace track::capture
