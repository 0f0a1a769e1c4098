// A dump as bytes: cli/model/dump_layout.h says what is in it. The same processes give the same
// bytes. Throws Error when they are more than a dump may hold.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/model/loaded.h"

namespace track::write {

std::string dump_bytes(const std::vector<Loaded>& processes, uint64_t taken_realtime_ns);

}  // namespace track::write
