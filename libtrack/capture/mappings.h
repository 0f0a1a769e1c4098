// mappings.h: what the program maps itself, as memory it allocates (alloc=exact, alloc=BYTES).
//
// As with blocks the functions here take the place of libc's in `real`, so that nothing is asked
// where this is off. Seen is what is mapped through libc's names: not libc's own mappings (its
// heap, stacks, modules), nor those of the allocator that the blocks come from.
#pragma once

namespace track::capture {

// Once the allocator is followed; allocates: its malloc. Without room nothing is followed.
void follow_mappings(const void* allocates);

}  // namespace track::capture
