// Fibers that nobody can resume.
#pragma once

#include <vector>

#include "cli/analyze/mark.h"
#include "cli/model/proof.h"
#include "cli/model/trace.h"

namespace track::analyze {

// Suspended ones whose stack and saved registers lie in blocks that nothing reached.
// Nothing that has been marked from refers to it.
bool is_lost(const Fiber& fiber, const Marker& marker);
// Whoever refers to a suspended fiber may resume it.
bool may_be_resumed(uint32_t fiber, const Trace& trace, const Marker& marker);
std::vector<LostFiber> lost_fibers(const Trace& trace, const Marker& marker);

}  // namespace track::analyze
