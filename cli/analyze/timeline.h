// History and live tables to a timeline.
#pragma once

#include "cli/model/symbols.h"
#include "cli/model/timeline.h"

namespace track::analyze {

Timeline build_timeline(const Trace& trace, const Symbols& symbols);

}  // namespace track::analyze
