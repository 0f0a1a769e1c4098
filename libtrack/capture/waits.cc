#include "libtrack/capture/waits.h"

#include "libtrack/capture/coroutines.h"
#include "libtrack/core/options.h"
#include "libtrack/core/ring.h"
#include "libtrack/core/stacks.h"
#include "libtrack/core/sys.h"

namespace track::capture {
namespace {

// Shorter waits leave no event: they would only push the interesting ones out of the ring.
constexpr uint64_t kEventTicks = 20000;  // some 8 microseconds

// Single writer (this thread); readers retry while the sequence is odd or has moved.
template <class Fill>
void rewrite(wire::Wait& wait, Fill fill) {
  const uint32_t sequence = wait.sequence.load(std::memory_order_relaxed);
  wait.sequence.store(sequence + 1, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  fill(wait);
  wait.sequence.store(sequence + 2, std::memory_order_release);
}

void copy_fields(wire::Wait& to, const wire::Wait& from) {
  to.kind = from.kind;
  to.flags = from.flags;
  to.object = from.object;
  to.mutex = from.mutex;
  to.since_ticks = from.since_ticks;
  to.stack_pointer = from.stack_pointer;
  to.return_address = from.return_address;
  to.stack = from.stack;
  to.owner_tid = from.owner_tid;
}

// Is the published wait's call still on the stack (we are in a signal handler that interrupted
// it), or was it jumped out of? It is when our stack begins with all of its callers and goes on
// in the tracker's own code. Where the stacks do not tell, by where they lie.
bool still_waiting(const wire::Wait& outer, uint32_t stack, const core::Registers& registers) {
  if (outer.kind == WaitKind::none) return false;
  const core::InternedStack before = core::interned_stack(outer.stack);
  const core::InternedStack now = core::interned_stack(stack);
  if (before.truncated || now.truncated)
    return registers.sp < outer.stack_pointer || registers.sp >= core::this_thread.stack_high;
  if (now.depth <= before.depth) return false;
  for (uint32_t i = 0; i < before.depth; ++i)
    if (before.frames[i] != now.frames[i]) return false;
  const wire::Header& header = *core::recording.header;
  return now.frames[before.depth] - header.track_base < header.track_end - header.track_base;
}

}  // namespace

void begin_wait(OpenWait& open, const WaitRequest& request, const core::Registers& registers) {
  wire::ThreadSlot* slot = core::current_slot();
  if (slot == nullptr || !core::options.waits) return;
  settle_pending();
  if (core::forked_recording_unpublished()) core::publish_forked_recording();
  open.slot = slot;
  open.kind = request.kind;
  open.object = reinterpret_cast<uint64_t>(request.object);
  open.stack = core::capture_stack(registers);
  open.since_ticks = sys::ticks();
  wire::Wait& wait = slot->wait;
  if (__builtin_expect(still_waiting(wait, open.stack, registers), 0)) {
    open.nested = true;
    copy_fields(open.outer, wait);
  }
  rewrite(wait, [&](wire::Wait& w) {
    w.kind = request.kind;
    w.flags = request.flags;
    w.object = open.object;
    w.mutex = reinterpret_cast<uint64_t>(request.mutex);
    w.since_ticks = open.since_ticks;
    w.stack_pointer = registers.sp;
    w.return_address = 0;
    w.stack = open.stack;
    w.owner_tid = request.owner_tid;
  });
  core::refresh_clock(open.since_ticks);
}

void end_wait(OpenWait& open) {
  if (open.slot == nullptr) return;
  if (open.nested) {
    rewrite(open.slot->wait, [&](wire::Wait& w) { copy_fields(w, open.outer); });
  } else {
    rewrite(open.slot->wait, [](wire::Wait& w) { w.kind = WaitKind::none; });
  }
  const uint64_t now = sys::ticks();
  open.slot->waits.store(open.slot->waits.load(std::memory_order_relaxed) + 1,
                         std::memory_order_relaxed);
  if (now - open.since_ticks < kEventTicks) return;
  core::push_event({now, open.object, open.slot->task, open.stack,
                    static_cast<float>(now - open.since_ticks), wire::EventKind::wait_ended,
                    static_cast<uint8_t>(open.kind), 0});
}

}  // namespace track::capture
