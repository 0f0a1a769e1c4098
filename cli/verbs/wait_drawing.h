// Who waits for whom in one process, as a graph to be drawn: threads with certain owners, what they
// wait for without one, coroutines by where they stand. Threads that wait alike are one node.
#pragma once

#include "cli/model/report.h"
#include "cli/write/view_graph.h"

namespace track::verbs {

inline constexpr size_t kMostDrawn = 2000;  // nodes; the view draws what is around a selection

// truncated: is told what was left out.
write::ViewGraph draw_waits(const ProcessReport& process, std::vector<std::string>& truncated);

}  // namespace track::verbs
