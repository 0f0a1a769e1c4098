// Profiles of what is there at one moment: tasks (or only threads, or only coroutines), and who
// created threads so far. Values are counts of live tasks; ended threads that nobody joined are
// among them.
#pragma once

#include <optional>
#include <string>

#include "cli/model/profile.h"
#include "cli/model/symbols.h"

namespace track::analyze {

// What a sample's stack says of its task.
enum class TaskStacks : uint8_t {
  both,   // where it is now, and below a mark where it was created
  where,  // only where it is
  site,   // only where it was created, the program's own functions
};

// type: "tasks", "threads" or "coroutines". Labels: kind, state, name (of threads), age.
Profile profile_tasks(const Trace& trace, const Symbols& symbols, const std::string& type,
                      TaskStacks stacks);

// The stacks that ever created threads, how many each. Nothing when creations are not recorded.
std::optional<Profile> profile_thread_creations(const Trace& trace, const Symbols& symbols);

}  // namespace track::analyze
