// The profiles of one target, round after round. What sums up since the process began (CPU time,
// waits, allocations) is sent as what came since the round before; what is the state of a moment
// (tasks, memory in use) as it is.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/model/profile.h"
#include "cli/push/parcel.h"
#include "cli/serve/target.h"
#include "cli/verbs/profile_types.h"

namespace track::push {

class Source {
 public:
  // names: "tasks,heap"; empty: all that is recorded of a default choice. Throws Error.
  Source(serve::Target& target, const std::string& names);

  // whole: what sums up since the process began, instead of leaving out the first of it. Throws
  // Error: it is gone, or cannot be looked at.
  std::vector<Parcel> round(const Labels& labels, bool whole);

  std::string names() const;  // "tasks, heap"

 private:
  Profile now(const verbs::ProfileType& type, serve::Clock::time_point since,
              uint64_t* began = nullptr) const;

  serve::Target& target_;
  std::vector<const verbs::ProfileType*> types_;
  // Of each type, and when the process that it is of began.
  std::map<std::string, std::pair<uint64_t, Profile>> before_;
  uint64_t looked_ns_ = 0;  // when the last round was
};

}  // namespace track::push
