// sampled_allocations.h: some of the heap blocks, with the stacks that allocated them
// (alloc=BYTES).
//
// As for alloc=exact (allocations.h) the functions here take the place of the allocator's own in
// `real`: an allocation counts down the thread's bytes, a free asks one byte. What is resized is
// given back and allocated anew, wherever it lies then.
//
// Not sampled, so never counted: what alloc=exact does not see either.
#pragma once

#include <cstdint>

namespace track::capture {

// Without asking who comes first: from now on what `real` names samples. False: no room.
bool sample_allocator(uint64_t period);

// A block goes back to the allocator by a name of its own, not through `real`.
void sampled_block_given_back(void* block);

}  // namespace track::capture
