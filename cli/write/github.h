// Workflow commands of GitHub Actions: lines of the log that become annotations in the diff.
#pragma once

#include <string>

#include "cli/model/report.h"
#include "cli/write/source_root.h"

namespace track::write {

// One line a finding, and one for each thing the record lacks; empty when there is neither.
std::string github_annotations(const Report& report, const SourceRoot& root);

}  // namespace track::write
