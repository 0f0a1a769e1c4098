// JUnit XML as Jenkins, GitLab and others read it (junit-10.xsd): a test case for each rule that
// found nothing, one for each finding that fails, and one that errs when the record is not
// complete, so that a run of which something was missed is never all green.
#pragma once

#include <string>

#include "cli/model/report.h"
#include "cli/write/source_root.h"

namespace track::write {

std::string junit_report(const Report& report, const SourceRoot& root);

}  // namespace track::write
