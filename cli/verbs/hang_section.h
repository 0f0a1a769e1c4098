// What `track hang` says of one process beside its findings.
#pragma once

#include "cli/model/finding.h"
#include "cli/model/proof.h"
#include "cli/model/report.h"
#include "cli/write/hang.h"

namespace track::verbs {

// What keeps tasks from ever going on; what a process leaves behind is for other verbs.
bool about_hanging(Rule rule);

write::HangSection hang_section(const ProcessReport& process, const Fixpoint& fixpoint);

}  // namespace track::verbs
