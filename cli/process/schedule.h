// How the kernel's scheduler treated one thread so far.
#pragma once

#include <sys/types.h>

#include "cli/model/trace.h"

namespace track::process {

// Not known: it is gone, or the kernel keeps no account (CONFIG_SCHED_INFO).
Schedule schedule_of(pid_t pid, pid_t tid);

// Of a live process's threads; of so many at most, some 10 us each. Where none is known, that is
// said as not visible.
inline constexpr size_t kMostSchedules = 4096;
void read_schedules(Trace& trace);
// The account of each of them now.
std::vector<ScheduleLevel> schedule_levels(pid_t pid, uint64_t now_ns);

}  // namespace track::process
