// thread_state.h: what the tracker knows about the running thread, one small initial-exec TLS
// block; its stacks.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>

#include "libtrack/core/recording.h"
#include "libtrack/core/unwind.h"
#include "libtrack/wire/holds.h"

namespace track::core {

struct ThreadPrivate;  // replay state and small caches; allocated at the first capture

// Free slots of a table that a thread keeps for itself (slot_pool.h).
struct KeptSlots {
  uint32_t first;  // index + 1
  uint32_t count;
};

// What a wait, a lock or an allocation needs comes first, in one cache line.
struct alignas(64) ThisThread {
  wire::ThreadSlot* slot;   // kept to the end: slot_of() reads it from other threads
  wire::ThreadSlot* locks;  // the same while held locks are followed; null before and after
  ThreadPrivate* own;
  uint64_t stack_low;  // bounds of the thread's own stack, equal where not known: fibers and signal
  uint64_t stack_high;  // stacks of the target's making often lie below it
  uint64_t busy_sp;     // stack pointer where it went inside, turned: it is no reference to there
  uint32_t task;
  uint16_t busy;         // > 0: inside the tracker; hooks do the real call only
  bool gone;             // past its last destructor: hooks do the real call only
  uint8_t io_calls;      // countdown to the next look at a descriptor (capture/descriptors.h)
  uint16_t allocations;  // countdown to the next look at a site that never had frames
  bool pending;          // there are blocks that may be frames (capture/pending.h)
  bool counted;          // it is counted among a lock's waiters (capture/waits.cc)
  uint32_t fiber;        // index + 1 of the fiber it runs; 0 = its own stack, or not known

  const void* next_stack;  // what the next stack is likely to be recognized by: to be fetched early
  int32_t tid;
  uint32_t writing_stack;  // entry of the interned stack it writes just now; 0 = none
  KeptSlots free_frames;   // coroutine_table.cc: this thread's free slots
  uint64_t* orders;        // lock orders that are noted already: capture/orders.h
  wire::HeldSince* since;  // of `locks`, with locks=all; else null
  uint32_t labels;         // label set of the task that runs: see current_labels()
  KeptSlots free_told;     // told_coroutines.cc: the same
};

extern constinit thread_local ThisThread this_thread __attribute__((tls_model("initial-exec")));

// The process has had no thread but its first, and asked for no other: what only threads that have
// slots write needs no locked instruction. Of libc's own word for it only the beginning is taken:
// it lies where nothing else of a wait does.
extern std::atomic<bool> one_thread;

// ThisThread::orders of a thread of which none are noted.
extern uint64_t no_orders[64];

// Marks "inside the tracker" for a scope. No destructor may run on a forced unwind, so none of the
// guarded code contains a cancellation point.
class BusyScope {
 public:
  BusyScope() {
    if (this_thread.busy != 0) {
      ++this_thread.busy;
      return;
    }
    uint64_t sp;
    asm volatile("mov %%rsp, %0\n\trol %1, %0" : "=&r"(sp) : "i"(kTurn) : "cc");
    // A handler that jumps out must never find this scope with the place of an earlier one, which
    // may lie above where it jumps to; one that comes back may have put its own place there.
    this_thread.busy_sp = sp;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    this_thread.busy = 1;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    this_thread.busy_sp = sp;
  }
  ~BusyScope() { --this_thread.busy; }
  BusyScope(const BusyScope&) = delete;
  static uint64_t turned_back(uint64_t sp) { return sp >> kTurn | sp << (64 - kTurn); }

 private:
  static constexpr int kTurn = 22;  // by whole bytes and some bits: not what `track` looks for
};

// Did a signal handler jump out of the tracker (siglongjmp), so that no scope will ever end? Then
// this is set right. Told by the stack pointer, so at the latest when a hook is called from a frame
// that lies above the one jumped out of.
bool left_by_jump();
// This thread is about to jump to where the stack pointer is `sp`: the same, told beforehand.
void leaving_for(uint64_t sp);
inline bool inside_tracker() {
  return __builtin_expect(this_thread.busy != 0, 0) && !left_by_jump();
}

// The slot of the running thread; a thread not made through our hooks gets one now. Null when
// nothing may be recorded on this thread (recording off, inside the tracker, gone, table full).
inline bool may_record() {
  return recording_on() && !inside_tracker() && !this_thread.gone;
}
wire::ThreadSlot* adopt_thread();
inline wire::ThreadSlot* current_slot() {
  if (__builtin_expect(!may_record(), 0)) return nullptr;
  wire::ThreadSlot* slot = this_thread.slot;
  return __builtin_expect(slot != nullptr, 1) ? slot : adopt_thread();
}

// The slot of a thread whose handle is valid (not joined yet); null = unknown. May spin shortly
// for a thread that has been created but has not run its first instruction yet.
wire::ThreadSlot* slot_of(pthread_t thread);

// Thread's side. at_thread_end, if set, is called on every ending thread, before its slot is let
// go.
extern void (*at_thread_end)();
void begin_thread(wire::ThreadSlot* slot);
void start_threads();  // once, in the main thread: its slot, the exit key
// The same in a thread that exists for it alone and is not recorded; the threads there are get
// slots (found_threads.h). recording_on() stays false: see resume_recording. Returns their number.
uint32_t start_threads_late();
// After a pause in which nothing was heard of threads: those that ended go, what was held is
// forgotten, new ones are found. Returns how many there are.
uint32_t find_threads_again();
void restart_threads_after_fork();

// The upper bound of the stack that sp is on, for unwind(); 0 when that is not the thread's own.
inline uint64_t stack_high_of(uint64_t sp) {
  const uint64_t low = this_thread.stack_low, high = this_thread.stack_high;
  return sp - low < high - low ? high : 0;
}

// Creation stack, blocked-at stack …: a reference into the interned stacks; 0 = none.
uint32_t capture_stack(const Registers& registers);

// Of a hook that will capture its stack: fetches what it is likely to be recognized by.
inline void expect_stack() {
  const char* place = static_cast<const char*>(this_thread.next_stack);
  for (int line = 0; line < 4; ++line) __builtin_prefetch(place + 64 * line);
}

// What is remembered of the stack that the thread captured last; null: nothing of this one.
struct RememberedCost;
RememberedCost* remembered_cost(uint32_t stack);

}  // namespace track::core
