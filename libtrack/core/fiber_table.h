// fiber_table.h: the live table of fibers (stackful coroutines), and which fiber's stack an address
// lies on. Lock-free; any thread, signal handlers included; callers are inside a BusyScope. A fiber
// is named by its slot's index + 1; 0 = none.
#pragma once

#include <atomic>
#include <cstdint>

#include "libtrack/core/recording.h"
#include "libtrack/wire/tables.h"

namespace track::core {

// False until the first fiber: what asks about addresses need not look before.
extern std::atomic<bool> any_fibers;

inline wire::FiberSlot& fiber_slot(uint32_t fiber) {
  return recording.fibers[fiber - 1];
}

// A slot for the stack [low, high), its state still free; fibers that lay there before are over.
// 0: no room, counted.
uint32_t claim_fiber(uint64_t low, uint64_t high);

// The fiber on whose stack the address lies.
uint32_t fiber_at(uint64_t address);

// The fiber is over; its slot is used again. Only the first call for a fiber does anything.
void release_fiber(uint32_t fiber);

// Every fiber whose stack begins in [low, high).
void release_fibers_between(uint64_t low, uint64_t high);

// In a fork child, once the table of coroutines has forgotten what was watched: the parent's fibers
// are the parent's to tell about.
void forget_fibers_after_fork();

}  // namespace track::core
