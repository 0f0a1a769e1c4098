// What a thread waits for, as its record says, and whether it sleeps there.
#pragma once

#include "cli/model/memory.h"
#include "cli/model/trace.h"

namespace track::analyze {

bool waits_on_object(WaitKind kind);  // that anybody who knows it may change
bool waits_on_owner(WaitKind kind);   // for one thread to give back, or to end
// Only another task of the process can end this wait.
bool internal(const Thread& thread);
// The same by what the program tells: it waits for something of the program's own making, and is in
// no wait besides that the outside may end.
bool waits_as_told(const Thread& thread);

// False: it sleeps on another word. A thread that was signalled stands in its wait for the
// condition until it has the mutex again.
// Nothing but bytes that this process itself would send can wake it. Whoever runs may send them to
// any descriptor: it takes that nobody does.
bool sleeps_in_channel(const Thread* thread, const ThreadMemory& memory);
bool sleeps_there(const Wait& wait, const ThreadMemory& memory);

// The ended thread of that number that held the lock by the record; null: none.
const Thread* ended_owner(const Trace& trace, const Wait& wait, int32_t tid);
// Where nobody recorded who took it: a thread that the process has not is one that has ended. The
// lock's words alone say so: it may be doubted. So is a lock that a cancelled thread took unseen.
bool owner_is_absent(const Trace& trace, const MemoryPicture& picture, const Wait& wait,
                     int32_t owner);
// The lock word names a thread that is no more. A thread's exit gives nothing back.
bool owner_has_ended(const Trace& trace, const MemoryPicture& picture, const Wait& wait);

}  // namespace track::analyze
