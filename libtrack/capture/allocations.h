// allocations.h: every live heap block in the recording's table, with the stack that allocated it
// (alloc=exact).
//
// Costs nothing where it is off: the functions here take the place of the allocator's own in `real`
// (capture/real.h), which the hooks call anyway, so no hook has to ask. They see every block that
// goes through a hook, operators new and delete included; their stacks begin with the hook's frame.
//
// Not in the table, and so never called leaked: blocks allocated before the library started, by the
// allocator's own names (mallocx, __libc_malloc), by libraries bound to another definition
// (RTLD_DEEPBIND, dlmopen), and in a fork child those of its parent. Without a stack: blocks of a
// thread that is past its last destructor, and of a signal handler that interrupted the tracker.
#pragma once

namespace track::capture {

// After the recording is open, before it is on. Says in the header what came of it.
void start_allocations();

// Without asking who comes first: from now on what `real` names keeps the table. False: no room.
bool track_allocator();

// A block goes back to the allocator by a name of its own, not through `real`.
void given_back_elsewhere(void* block);

}  // namespace track::capture
