// The verdict of a run whose time was up: on one page who waits for what, held by whom, since when,
// created where. Quick: nothing is proved for it, so that it stands before anybody's patience ends.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "cli/verbs/settings.h"
#include "cli/write/page.h"

namespace track::verbs {

// why: "the time was up (2 s)". Processes that are gone meanwhile are left out.
std::string hang_page(const std::vector<pid_t>& processes, const std::string& why,
                      const SymbolSettings& symbols, const write::TextOptions& options);

}  // namespace track::verbs
