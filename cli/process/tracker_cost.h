// How much memory the tracker takes in a live process.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "cli/model/trace.h"

namespace track::process {

struct TrackerCost {
  uint64_t recording_bytes = 0;           // mapped, nearly all of it a hole
  uint64_t recording_resident_bytes = 0;  // of those there are pages for
  uint64_t own_bytes = 0;                 // beside the recording: mapped, and in pages
  uint64_t own_resident_bytes = 0;
};

// None: the process's memory may not be looked at, or is gone.
std::optional<TrackerCost> tracker_cost(pid_t pid, const TrackerPlace& tracker);

}  // namespace track::process
