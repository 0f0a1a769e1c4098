// A profile as pprof's protobuf, gzipped: what `go tool pprof`, Pyroscope, Parca, speedscope and
// the rest read. The same bytes for the same profile. Throws Error.
#pragma once

#include <string>

#include "cli/model/profile.h"

namespace track::write {

std::string pprof_bytes(const Profile& profile);

}  // namespace track::write
