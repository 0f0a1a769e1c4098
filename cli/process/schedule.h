// How the kernel's scheduler treated one thread so far.
#pragma once

#include <sys/types.h>

#include <optional>

#include "cli/model/schedule.h"

namespace track::process {

// Nothing: it is gone, or the kernel keeps no account (CONFIG_SCHED_INFO).
std::optional<Schedule> schedule_of(pid_t pid, pid_t tid);

}  // namespace track::process
