// Rule `growing-memory`: of one process looked at several times, with its heap blocks recorded
// (alloc=exact, or sampled), the blocks of one origin take more and more. Suspected: a cache that
// is filling looks the same.
#pragma once

#include <span>
#include <vector>

#include "cli/model/report.h"

namespace track::analyze {

// looks: at one process, in the order of Trace::taken_ns. The findings' stacks are the last one's.
std::vector<Finding> find_growing_memory(std::span<const ProcessReport* const> looks);

}  // namespace track::analyze
