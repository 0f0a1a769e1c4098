// Rule `growing-tasks`, of waits: threads of one process that wait for one lock and become more
// from look to look, while those of each look are in the very same wait at the next. Whoever should
// let the lock go takes too long, or never does. Suspected: it may still.
#pragma once

#include <span>
#include <vector>

#include "cli/model/report.h"

namespace track::analyze {

// looks: three or more at one process, in the order of Trace::taken_ns; of fewer nothing is said,
// nor of processes whose waits are not recorded. The findings' stacks are the last one's.
std::vector<Finding> find_growing_waits(std::span<const ProcessReport* const> looks);

}  // namespace track::analyze
