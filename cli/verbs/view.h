// Everything the viewer shows of a target, as the sections of a bundle (write/bundle.h).
#pragma once

#include <string>
#include <vector>

#include "cli/model/loaded.h"
#include "cli/model/report.h"
#include "cli/verbs/settings.h"
#include "cli/write/bundle.h"

namespace track::verbs {

struct ViewSettings {
  JudgeSettings judge;
  bool live = false;      // the page goes on from here: `track serve`
  size_t most_spans = 0;  // of the timeline; 0: as many as a report holds
};

struct View {
  write::Bundle bundle;
  Report report;  // what was found
};

// What has to be read of a target for it.
SymbolSettings symbols_for_view(SymbolSettings settings);

// processes: of symbols_for_view(); several looks at one process are its growth. base: what
// profiles are compared with; empty: nothing.
View make_view(std::vector<Loaded> processes, const std::vector<Loaded>& base,
               const ViewSettings& settings);

}  // namespace track::verbs
