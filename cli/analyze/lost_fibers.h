// Fibers that nobody can resume.
#pragma once

#include <vector>

#include "cli/analyze/mark.h"
#include "cli/model/proof.h"
#include "cli/model/trace.h"

namespace track::analyze {

// Suspended ones whose stack and saved registers lie in blocks that nothing reached.
std::vector<LostFiber> lost_fibers(const Trace& trace, const Marker& marker);

}  // namespace track::analyze
