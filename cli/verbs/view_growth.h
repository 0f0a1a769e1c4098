// How many tasks of each origin there were at each of several looks at one process.
#pragma once

#include <string>
#include <vector>

#include "cli/model/loaded.h"

namespace track::verbs {

// Section growth.json; empty: there are no two looks at one process.
std::string growth_json(const std::vector<Loaded>& processes);

}  // namespace track::verbs
