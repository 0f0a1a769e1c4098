// A profile as the viewer takes it: a trie in pre-order, one row a node, with what each node has of
// its own. Siblings by their totals, the largest first.
#pragma once

#include <string>

#include "cli/model/profile.h"
#include "cli/write/view_names.h"

namespace track::write {

// base: what it is compared with, of the same type; null: nothing.
std::string view_profile(const Profile& profile, const Profile* base, ViewNames& names);

}  // namespace track::write
