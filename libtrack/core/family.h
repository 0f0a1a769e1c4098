// family.h: processes that have no recording of their own and should: fork children that found no
// room, or no way to the directory any more (after setuid, chroot, a mount). They are counted in a
// page that a whole family shares, where the next of it that has a recording finds them and tells
// of them in there.
#pragma once

namespace track::core {

// Before the first fork. Where there is no memory for it nothing is counted.
void start_family();

// By a child that wanted a file and got none.
void count_unrecorded_process();

// Takes over what was counted, into our own header.
void tell_unrecorded_processes();

}  // namespace track::core
