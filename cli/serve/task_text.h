// Every task with its stack as text, laid out as Go's `debug=2`.
#pragma once

#include <string>

#include "cli/model/report.h"

namespace track::serve {

// kind: "thread", "coroutine", "fiber"; empty: all.
std::string task_text(const ProcessReport& process, const std::string& kind);

// As Go prints goroutines, for what reads Go's dumps: each by itself, with a number that no other
// has (threads their own), its kind before its state. last_number: of what was printed before.
std::string go_text(const ProcessReport& process, uint64_t& last_number);

}  // namespace track::serve
