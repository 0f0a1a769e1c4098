// Rule `growing-tasks`: of one process looked at several times, tasks of one origin that become
// more and more while those that were there stay. Suspected: a pool that is filling looks the same.
#pragma once

#include <span>
#include <vector>

#include "cli/model/report.h"

namespace track::analyze {

// Are they looks at one and the same process?
bool same_process(const Trace& a, const Trace& b);

// looks: at one process, in the order of Trace::taken_ns. The findings' stacks are the last one's.
std::vector<Finding> find_growth(std::span<const ProcessReport* const> looks);

}  // namespace track::analyze
