// A profile as folded stacks, one a line: `main;serve;read 12`. For flamegraph.pl, speedscope and
// the many that read those. One of the profile's values.
#pragma once

#include <string>

#include "cli/model/profile.h"

namespace track::write {

// value: into Profile::value_types. Stacks of which nothing is left (0) are not written.
std::string folded_profile(const Profile& profile, size_t value);

}  // namespace track::write
