// What a report cannot know of its run: why one without findings must not be called clean.
#pragma once

#include <string>
#include <vector>

#include "cli/model/report.h"

namespace track::write {

// A process that was cut short had no chance to show what it leaves behind.
bool cut_short(const ProcessReport& process);

// One sentence each; empty: all was seen, and nothing was lost.
std::vector<std::string> gaps(const Report& report);

}  // namespace track::write
