// A profile in the text forms of before protobuf, as Go prints them with debug=1 and `go tool
// pprof` still reads: "TYPE profile: total N", "heap profile: ...", "--- contention:". They hold
// addresses and no names; those follow as comments. The modules follow as a memory map.
#pragma once

#include <string>

#include "cli/model/profile.h"

namespace track::write {

// Throws Error for a type that has no such form, or a difference, whose values may be negative.
std::string legacy_profile(const Profile& profile);

}  // namespace track::write
