// What a report cannot know of its run: why one without findings must not be called clean.
#pragma once

#include <string>
#include <vector>

#include "cli/model/report.h"

namespace track::write {

// A process that was cut short had no chance to show what it leaves behind.
bool cut_short(const ProcessReport& process);
// A core file: nothing was recorded, and little can be told of a process from its last instant.
bool unrecorded(const ProcessReport& process);
// What it cannot tell: how many of its threads sleep, in what kinds of wait, and not since when.
std::string unrecorded_text(const Trace& trace);

// One sentence each; empty: all was seen, and nothing was lost.
std::vector<std::string> gaps(const Report& report);

}  // namespace track::write
