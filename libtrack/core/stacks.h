// stacks.h: stack id -> body, once, in the recording. Lock-free; any thread, signal handlers too.
#pragma once

#include <cstdint>

namespace track::core {

void start_stacks();

// In a fork child, whose copy may have been taken while threads of the parent interned stacks.
void restart_stacks_after_fork();

// Returns the stack's reference (see wire/stacks.h); 0 when there was no room, which is counted.
// noted: so many of the outermost frames are those of the last stack that the caller interned.
uint32_t intern_stack(uint64_t hash, const uint64_t* outermost_first, uint32_t depth,
                      bool truncated, uint32_t noted = 0);

// A handler jumped out of intern_stack on this thread: is there a stack without a body now?
// Counted.
void count_unfinished_stack();

// An interned stack; depth 0 when the reference leads nowhere or its body was lost.
struct InternedStack {
  const uint64_t* frames;  // outermost first
  uint32_t depth;
  bool truncated;
};
InternedStack interned_stack(uint32_t reference);

}  // namespace track::core
