// What cannot be proved of a process that was attached to in the middle of its life: a call made
// through an address that the program took before, or from a library that was loaded out of sight,
// is missing from its record. What memory alone shows is as sure as ever.
#pragma once

#include <vector>

#include "cli/model/finding.h"
#include "cli/model/trace.h"

namespace track::analyze {

// Makes `likely` of findings whose reasons need a record without gaps, and says so.
void doubt_the_record(std::vector<Finding>& findings, const Trace& trace);

}  // namespace track::analyze
