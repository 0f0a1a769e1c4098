// Profiles of a target: of now, and of what changes from now on.
#pragma once

#include <chrono>

#include "cli/model/profile.h"
#include "cli/serve/stop.h"
#include "cli/serve/target.h"
#include "cli/verbs/profile_types.h"

namespace track::serve {

Needs needs_of(const verbs::ProfileType& type);

// Throws Error: not recorded.
Profile profile_of(const Look& look, const verbs::ProfileType& type);

// Throws Error: not recorded, gone.
Profile profile_now(Target& target, const verbs::ProfileType& type);

// Throws Error too when the server ends meanwhile.
Profile profile_change(Target& target, const verbs::ProfileType& type, std::chrono::seconds time,
                       const Stop& stop);

}  // namespace track::serve
