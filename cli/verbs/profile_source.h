// TARGET and TYPE on the command line to one profile.
#pragma once

#include <string>

#include "cli/verbs/profile_types.h"
#include "cli/verbs/settings.h"

namespace track::verbs {

enum class WaitScope { locks, other_tasks, everything };  // everything: the world outside too

struct ProfileSettings {
  analyze::TaskStacks stacks = analyze::TaskStacks::both;
  WaitScope waits = WaitScope::other_tasks;
  SymbolSettings symbols;
  JudgeSettings judge;
};

// Of several processes the sum. Throws Error: no such target, or not recorded in any of them.
Profile profile_of(const std::string& target, const ProfileType& type,
                   const ProfileSettings& settings);

// What changed in a live process from now on within so long. Throws Error: it is no live process,
// or another one by then.
Profile profile_change(const std::string& target, const ProfileType& type,
                       const ProfileSettings& settings, uint64_t duration_ns);

}  // namespace track::verbs
