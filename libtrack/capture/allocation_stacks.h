// allocation_stacks.h: the stack of every allocation, as cheap as it can be had.
//
// A loop allocates from a few places again and again: those stacks are recognized as a whole
// (core/known_stacks.h). A compiler allocates from hundreds of thousands that differ in a few leaf
// frames: they are replayed, from a Replay that waits do not disturb, and a few thousand of their
// references remembered. Which of the two it is, is tried out from time to time.
//
// It also adds the block to what its stack ever allocated (core/heap_sites.h).
//
// 116 KiB for each thread that allocates, touched as far as used, recycled; 16 KiB of the
// recording.
#pragma once

#include <cstdint>

#include "libtrack/core/unwind.h"

namespace track::capture {

// Reference of the stack; 0 = none: the thread is past its end, or inside the tracker (a signal
// handler), or there is no room, which is counted. bytes: of the block.
uint32_t allocation_stack(const core::Registers& registers, uint64_t bytes);

// Thread's side, at its end: gives its state back. Later allocations have no stack.
void drop_allocation_stacks();
void restart_allocation_stacks_after_fork();

}  // namespace track::capture
