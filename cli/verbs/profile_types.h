// The one list of profile types. A new one is a builder in analyze/ and a line in profile_types.cc.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/analyze/profile_tasks.h"
#include "cli/model/loaded.h"
#include "cli/model/profile.h"
#include "cli/verbs/settings.h"

namespace track::verbs {

struct ProfileType {
  const char* name;
  const char* also;     // Go's name for it; empty: the same
  const char* options;  // of `track run` that have it recorded
  // Nothing: not recorded in that process.
  std::optional<Profile> (*build)(const Loaded& process, analyze::TaskStacks stacks);
  bool tasks = false;   // --by means something
  bool judged = false;  // is made of findings: Loaded::report has them by then
  bool heap = false;    // needs SymbolSettings::heap
  // Of a process that does not record it, what can be seen within so long; null: nothing.
  Profile (*outside)(pid_t pid, const SymbolSettings& symbols, uint64_t duration_ns) = nullptr;
  bool waits = false;  // needs SymbolSettings::contention; --all means something
};

// By its name or Go's. Throws Error.
const ProfileType& profile_type(const std::string& name);
std::string profile_type_names();  // "tasks, threads, ..."

}  // namespace track::verbs
