// `--baseline FILE`: what is known does not fail.
#pragma once

#include "cli/model/report.h"
#include "cli/verbs/settings.h"

namespace track::verbs {

// Marks what the file allows. Throws Error when it cannot be read, or is no baseline; that there is
// none is an error unless it is to be made.
void apply_baseline(const JudgeSettings& settings, Report& report);

// With --update-baseline: writes the file anew, and judges the report by it. whole: the program was
// seen to its end.
void update_baseline(const JudgeSettings& settings, Report& report, bool whole);

}  // namespace track::verbs
