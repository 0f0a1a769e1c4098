// ring.h: pushes one event into this CPU's ring. Never blocks, allocates or fails; what could not
// be written is counted as lost. Any thread, any context, signal handlers included.
#pragma once

#include "libtrack/wire/ring.h"

namespace track::core {

// Of who may push one soon: fetches where it will be written.
void expect_event();

void push_event(const wire::Event& event);

// The same of an event's four words, for paths where each nanosecond counts: an event put together
// in memory field by field is read back late.
void push_words(uint64_t ticks, uint64_t object, uint64_t task_and_stack, uint64_t rest);
inline uint64_t task_and_stack(uint32_t task, uint32_t stack) {
  return task | uint64_t{stack} << 32;
}
inline uint64_t rest_of_event(float duration_ticks, wire::EventKind kind, uint8_t sort) {
  return __builtin_bit_cast(uint32_t, duration_ticks) | static_cast<uint64_t>(kind) << 32 |
         uint64_t{sort} << 40;
}

// Decides between restartable sequences and the shared fallback; once, at start.
void start_rings();

// In the child: the threads that were writing pooled rings are not here.
void restart_rings_after_fork();

}  // namespace track::core
