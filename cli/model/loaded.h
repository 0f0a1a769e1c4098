// One process as it was looked at: what was seen and what was proved of it; nothing judged yet.
// Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/model/proof.h"
#include "cli/model/report.h"

namespace track {

struct Loaded {
  ProcessReport report;  // findings still empty
  Fixpoint fixpoint;     // of the process while it lived
  Deadlocks deadlocks;   // confirmed by a second look where the process lives
};

}  // namespace track
