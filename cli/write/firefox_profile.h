// A timeline as a profile of the Firefox Profiler, in Gecko's own format (version 24), which it
// converts when it reads it: a thread a task, waits as markers, CPU samples with stacks, counters.
#pragma once

#include <string>

#include "cli/model/symbols.h"
#include "cli/model/timeline.h"

namespace track::write {

std::string firefox_profile(const Timeline& timeline, const Trace& trace, const Symbols& symbols);

}  // namespace track::write
