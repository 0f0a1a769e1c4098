// SARIF 2.1.0, as code scanning of GitHub and others read it: one run, every rule with its help,
// both stacks of a finding, and a notification for all that the record does not have.
#pragma once

#include <string>

#include "cli/model/report.h"
#include "cli/write/source_root.h"

namespace track::write {

std::string sarif_report(const Report& report, const SourceRoot& root);

}  // namespace track::write
