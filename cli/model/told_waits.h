// Waits of the program's own making (track/wait.h) beside those that the record saw. Proofs start
// from what was seen alone; people are shown what was told, where that says more.
#pragma once

#include <string>

#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track {

inline bool is_told(WaitKind kind) {
  return kind >= WaitKind::told_lock;
}

// Each thread that told a wait waits for that, unless it is in a wait for a lock or an end besides,
// whose owner is known for a fact. What was seen stays in Thread::inner.
void use_told_waits(Trace& trace);
// The other way round.
void use_seen_waits(Trace& trace);

inline const Wait& seen_wait(const Thread& thread) {
  return thread.wait_told ? thread.inner : thread.wait;
}
inline TaskState seen_state(const Thread& thread) {
  return thread.wait_told ? thread.inner_state : thread.state;
}
bool any_told_wait(const Trace& trace);

// Who the program says owns, or woke, what is waited for; null: it said nothing.
const ToldObject* told_object(const Trace& trace, uint64_t address);

// The one that owns it has ended: no wait for it ends any more.
bool owner_is_over(const Trace& trace, const ToldObject& object);

// "last woken by thread 3 (feeder), 2 s ago", "its owner, task 7, has ended"; empty: nothing to
// say.
std::string told_object_text(const Trace& trace, const Wait& wait);

// "channel 0x.. (jobs), last woken by thread 3 (feeder), 2 s ago": what a suspended coroutine waits
// for; empty: it told nothing.
std::string told_wait_text(const Trace& trace, const Symbols& symbols, const Coroutine& coroutine);

}  // namespace track
