// One process as it was looked at: what was seen and what was proved of it; nothing judged yet.
// Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/model/proof.h"
#include "cli/model/report.h"

namespace track {

// Where it was read from, if that was a dump.
struct DumpOrigin {
  std::string path;  // empty: not a dump
  uint64_t file_bytes = 0;
  uint64_t taken_realtime_ns = 0;
  bool damaged = false;  // something of it could not be read
};

struct Loaded {
  ProcessReport report;            // findings still empty
  Fixpoint fixpoint;               // of the process while it lived
  Deadlocks deadlocks;             // confirmed by a second look where the process lives
  std::vector<std::string> notes;  // about all of the processes it was looked at with
  DumpOrigin dump;
};

}  // namespace track
