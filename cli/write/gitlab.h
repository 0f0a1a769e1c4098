// GitLab's Code Quality report: a list of findings with the line they are shown at in a merge
// request. It knows no run, so that an incomplete record is an entry of its own.
#pragma once

#include <string>

#include "cli/model/report.h"
#include "cli/write/source_root.h"

namespace track::write {

std::string gitlab_report(const Report& report, const SourceRoot& root);

}  // namespace track::write
