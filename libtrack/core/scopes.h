// scopes.h: the scopes that the program opens (wire/scopes.h). Lock-free; callers are inside a
// BusyScope. Towards the program a scope is a number with its slot's generation, and so is a label
// set that names a scope: what somebody kept of a scope that is over then means no later one.
#pragma once

#include <atomic>
#include <cstdint>

#include "libtrack/core/recording.h"
#include "libtrack/wire/scopes.h"

namespace track::core {

// Somebody waits for tasks to end; who ends one says so (thread_state.cc).
extern std::atomic<uint32_t> scope_waiters;
extern std::atomic<uint32_t> scope_event;
void tell_scope_waiters();

// The running task is in it from now on. 0: no room, counted.
uint64_t open_scope(const char* name, uint32_t stack);
// If the running task is in it, it is then in the scope around it. False: it is no open scope.
bool end_scope(uint64_t scope);
// Its slot, open or ended; 0: none, or it is over.
uint32_t scope_slot(uint64_t scope);
// The innermost scope of a label set; 0: none.
uint32_t scope_of_labels(uint32_t set);
// Is the slot's scope the other one, or was it opened in it?
bool is_within_scope(uint32_t slot, uint32_t outer);

// A label set as the program is told it, with the generation of its scope.
uint32_t told_labels(uint32_t set);
// And back: the set, without its scope if that is over. kNoRoom: it is none.
uint32_t labels_of_told(uint32_t told);
// After such a set was taken into use: true if its scope may have gone meanwhile.
bool scope_in_doubt(uint32_t told);

}  // namespace track::core
