// `/debug/pprof/...` with Go's parameters, headers and errors, and `/pprof/...` as gperftools and
// brpc have it. No token: tools know of none; the host was checked.
#pragma once

#include <string>

#include "cli/serve/request.h"
#include "cli/serve/stop.h"
#include "cli/serve/target.h"

namespace track::serve {

// name: what follows "/debug/pprof/".
Reply go_profile(Target& target, const std::string& name, const Request& request, const Stop& stop);

// name: what follows "/pprof/".
Reply gperftools_profile(Target& target, const std::string& name, const Request& request,
                         const Stop& stop);

}  // namespace track::serve
