#include "libtrack/capture/waits.h"

#include "libtrack/capture/births.h"
#include "libtrack/capture/coroutines.h"
#include "libtrack/core/contention.h"
#include "libtrack/core/hot.h"
#include "libtrack/core/options.h"
#include "libtrack/core/recording_copy.h"
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
  const core::Recording& own = core::recording;
  return now.frames[before.depth] - own.track_base < own.track_end - own.track_base;
}

// Where this thread is counted as a waiter just now; only where its state says that it is.
thread_local WaiterPlace counted_at __attribute__((tls_model("initial-exec")));

void count_at(const WaiterPlace& place) {
  core::this_thread.counted = false;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  if (place.place == 0) return;
  counted_at = place;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  core::this_thread.counted = true;
}

enum class Charge { nobody, unlocker, waker };

Charge charge_of(WaitKind kind) {
  switch (kind) {
    case WaitKind::mutex:
    case WaitKind::rwlock_read:
    case WaitKind::rwlock_write:
      return Charge::unlocker;
    case WaitKind::condition:
    case WaitKind::semaphore:
    case WaitKind::barrier:
    case WaitKind::futex:
      return Charge::waker;
    default:
      return Charge::nobody;
  }
}

void begin_cost(OpenWait& open, const WaitRequest& request) {
  const Charge charge = charge_of(open.kind);
  const bool named = charge != Charge::nobody || open.kind == WaitKind::spinlock;
  // Threads come and go: their handles are no objects that a place waits for again and again.
  const uint64_t object = open.kind == WaitKind::join ? 0 : open.object;
  const uint32_t created = named ? birth_of(request.object).stack : 0;
  const core::ContentionKey key = {wire::ContentionRole::waiter, open.kind, object, created,
                                   open.stack};
  core::RememberedCost* last = core::remembered_cost(open.stack);
  open.cost = last != nullptr ? core::contention_slot(key, open.since_ticks, *last)
                              : core::contention_slot(key, open.since_ticks);
  if (core::this_thread.counted) open.outer_place = counted_at;
  if (charge == Charge::unlocker) open.place = enter_waiters(open.object, open.since_ticks);
  if (open.kind == WaitKind::barrier) note_wake(request.object, open.stack);
  count_at(open.place);
}

// Who ended the wait; 0 = not known.
uint32_t end_cost(OpenWait& open, uint64_t now) {
  count_at(open.outer_place);
  const uint64_t ticks = now > open.since_ticks ? now - open.since_ticks : 0;
  if (open.cost != nullptr) core::add_contention(*open.cost, 1, ticks, ticks, now);
  switch (charge_of(open.kind)) {
    case Charge::unlocker:
      return leave_waiters(open.place, open.kind, open.object, open.since_ticks, now);
    case Charge::waker:
      return charge_waker(open.kind, open.object, open.since_ticks, now);
    case Charge::nobody:
      break;
  }
  return 0;
}

}  // namespace

TRACK_HOT_CODE void begin_wait(OpenWait& open, const WaitRequest& request,
                               const core::Registers& registers) {
  wire::ThreadSlot* slot = core::current_slot();
  if (slot == nullptr || !core::options.waits) return;
  __builtin_prefetch(&slot->wait, 1);
  core::expect_stack();
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
  } else if (__builtin_expect(core::this_thread.counted, 0)) {
    abandon_waiters(counted_at, wait.since_ticks);
    count_at({});
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
  begin_cost(open, request);
}

TRACK_HOT_CODE void end_wait(OpenWait& open, bool granted) {
  if (open.slot == nullptr) return;
  // The thread may have slept long: what follows is fetched at once.
  __builtin_prefetch(&open.slot->waits, 1);
  __builtin_prefetch(open.cost, 1);
  core::expect_event();
  if (open.nested) {
    rewrite(open.slot->wait, [&](wire::Wait& w) { copy_fields(w, open.outer); });
  } else {
    rewrite(open.slot->wait, [](wire::Wait& w) { w.kind = WaitKind::none; });
  }
  const uint64_t now = sys::ticks();
  open.slot->waits.store(open.slot->waits.load(std::memory_order_relaxed) + 1,
                         std::memory_order_relaxed);
  const uint32_t woken_by = end_cost(open, now), by = granted ? woken_by : 0;
  if (now - open.since_ticks < kEventTicks) return;
  core::push_event({now, open.object, open.slot->task, open.stack,
                    static_cast<float>(now - open.since_ticks), wire::EventKind::wait_ended,
                    static_cast<uint8_t>(open.kind), static_cast<uint16_t>(by)});
}

}  // namespace track::capture
