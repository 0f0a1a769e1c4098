// Every task with its stack as text, laid out as Go's `debug=2`.
#pragma once

#include <string>

#include "cli/model/report.h"

namespace track::serve {

// kind: "thread", "coroutine", "fiber"; empty: all.
std::string task_text(const ProcessReport& process, const std::string& kind);

}  // namespace track::serve
