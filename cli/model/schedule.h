// A thread's time with the scheduler, as /proc/PID/task/TID/schedstat says it.
#pragma once

#include <cstdint>

namespace track {

struct Schedule {
  bool known = false;
  uint64_t cpu_ns = 0;    // on a CPU
  uint64_t queue_ns = 0;  // ready to run, and waiting for one
  uint64_t slices = 0;    // how often it got one
};

}  // namespace track
