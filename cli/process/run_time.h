// How long a process has run on CPUs, all its threads together: one that did not run since has
// changed nothing of itself.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace track::process {

// In ns; nothing: there is no such process.
std::optional<uint64_t> run_time_ns(pid_t pid);

}  // namespace track::process
