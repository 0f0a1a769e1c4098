// told.h: what a program says of its own coroutines, by include/track/coroutine.h. Suspending
// costs a time stamp and a few stores; a new place in the source, once, a copy of its texts.
#pragma once

#include <cstdint>

#include "libtrack/core/unwind.h"
#include "libtrack/wire/told.h"

namespace track::capture {

// The id to tell further events with; 0: it is not recorded.
uint32_t told_created(uint64_t frame, const core::Registers& registers);
void told_suspended(uint32_t id, uint64_t frame, wire::ToldState state, const char* file,
                    const char* function, uint32_t line);
void told_resumed(uint32_t id, uint64_t frame);
// From its last suspension on, until it goes on: object and kind as wait.h has them.
void told_waits_for(uint32_t id, uint64_t frame, uint64_t object, uint32_t kind);
// Without it no wait for the object ends. False: no room, counted, or it is not known.
bool told_owns(uint32_t id, uint64_t frame, uint64_t object);
void told_awaited_by(uint32_t id, uint64_t frame, uint64_t awaiter);
void told_destroyed(uint32_t id, uint64_t frame);

}  // namespace track::capture
