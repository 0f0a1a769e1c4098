// handoffs.h: who makes others wait. Who lets a lock go that others wait for, or wakes them, leaves
// the stack it did that at; waiting is charged to it (wire/contention.h, role holder).
//
// A lock's waiters are counted together with the sum of the instants from which on nobody was
// charged for them yet: at an unlock that is seen, waiters * now - sum is what all of them waited
// because of this holder. What is left when a waiter gets the lock, the hand-over, goes to the
// last one who let go, and to stack 0 when none was seen meanwhile. So the sums of both roles are
// equal, except where the small table was full or contended: then both are charged to stack 0.
//
// Of conditions, semaphores, barriers and futexes the waker is charged with the whole wait; a wait
// that nobody was seen to end (a time limit) is charged to nobody.
#pragma once

#include "libtrack/core/thread_state.h"
#include "libtrack/wire/tables.h"

namespace track::capture {

// A waiter's place in the table; 0 = none.
struct WaiterPlace {
  uint32_t place;
  uint32_t generation;
  uint64_t from_ticks;  // the waiter counts from here on: an unlock may have come before it entered
};

WaiterPlace enter_waiters(uint64_t object, uint64_t now_ticks);
// The waiter has got the lock, or given up. The task that let the lock go to
// it; 0 = not known for sure.
uint32_t leave_waiters(WaiterPlace place, wire::WaitKind kind, uint64_t object,
                       uint64_t since_ticks, uint64_t now_ticks);

// It was jumped out of its wait.
void abandon_waiters(WaiterPlace place, uint64_t since_ticks);

// Before the lock is let go, by somebody who can see that others wait. With the stack to be
// captured, or at hand.
void note_unlock(const volatile void* lock, wire::WaitKind kind, const core::Registers& registers);
void note_unlock(const volatile void* lock, wire::WaitKind kind, uint32_t stack);

// Before the waiters are woken.
void note_wake(const volatile void* object, const core::Registers& registers);
void note_wake(const volatile void* object, uint32_t stack);
// The task that woke it; 0 = not known for sure.
uint32_t charge_waker(wire::WaitKind kind, uint64_t object, uint64_t since_ticks,
                      uint64_t now_ticks);

// In a fork child none of the waiters is there.
void restart_handoffs_after_fork();

}  // namespace track::capture
