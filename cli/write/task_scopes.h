// The scopes that a program has opened (track.h), with the tasks that were started in them: those
// that are open, and those that ended while tasks were left.
#pragma once

#include "cli/model/report.h"
#include "cli/write/json_parts.h"
#include "cli/write/page.h"

namespace track::write {

// One entry each; `parent` is an index into the list, null for an outermost one.
Json scopes_json(const ProcessReport& process);

// A line for all scopes of one name, opened at one place.
void print_scopes(Page& page, const ProcessReport& process);

}  // namespace track::write
