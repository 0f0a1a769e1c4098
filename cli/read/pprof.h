// A file in pprof's protobuf, gzipped or not, ours or another tool's. Throws Error: no such file,
// no such format, damage.
#pragma once

#include <string>

#include "cli/model/profile.h"

namespace track::read {

// By its first bytes: gzipped, and no dump of ours.
bool is_pprof(const std::string& path);

Profile read_pprof(const std::string& path);

}  // namespace track::read
