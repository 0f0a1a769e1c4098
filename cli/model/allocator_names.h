// The standard library's functions that only allocate, between whoever wanted memory and malloc. A
// heap profile is charged to their callers. None of them ever runs the program's own code, so that
// nothing of it stands leafward of them.
#pragma once

#include <string>

namespace track {

bool allocator_function(const std::string& short_name);
// The same as a regular expression for a whole name.
std::string allocator_pattern();

}  // namespace track
