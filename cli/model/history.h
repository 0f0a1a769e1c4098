// What happened lately in a recorded process: the events of its rings, in time order. Older ones
// were overwritten. Plain data; times are nanoseconds of the target's CLOCK_MONOTONIC.
#pragma once

#include <cstdint>
#include <vector>

namespace track {

enum class WaitKind : uint8_t;

enum class HistoryKind : uint8_t {
  thread_created,   // object: its place in the table of threads; task: the creator
  thread_started,   // object: the same; tid
  thread_ended,     // object: the same; tid
  thread_joined,    // object: task that was joined
  thread_detached,  // object: task
  wait_ended,       // object, wait, stack; duration
  forked,           // object: the child's pid
  exiting,
  lock_lost,   // the thread ended while it held object
  cpu_sample,  // stack
  lock_held,   // task held object until then, let go at stack; wait: as which lock; duration
};

struct HistoryEvent {
  uint64_t ns = 0;
  uint64_t duration_ns = 0;
  uint64_t object = 0;
  uint32_t task = 0;
  int32_t tid = 0;
  uint32_t waker = 0;  // wait_ended: the task that let it go on; 0 = not known
  uint32_t stack = 0;  // into Trace::stacks
  HistoryKind kind = HistoryKind::exiting;
  WaitKind wait{};  // wait_ended, lock_held
};

// What was there at one moment while a process was watched.
struct Level {
  uint64_t ns = 0;
  uint64_t coroutines = 0;
  uint64_t heap_bytes = 0;
};

// A thread's account with the scheduler then.
struct ScheduleLevel {
  uint64_t ns = 0;
  int32_t tid = 0;
  uint64_t queue_ns = 0;
};

struct History {
  std::vector<HistoryEvent> events;
  uint64_t overwritten = 0;     // events that were there once
  uint64_t lost = 0;            // events that were never written
  uint64_t unreadable = 0;      // of another kind than this reader knows, or damaged
  uint64_t complete_since = 0;  // from then on nothing was overwritten
  std::vector<Level> levels;    // only while it was watched; by time, like the next
  std::vector<ScheduleLevel> schedule;
};

}  // namespace track
