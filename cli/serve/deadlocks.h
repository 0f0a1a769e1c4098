// Deadlocks that were seen so far: a counter may not fall when one is gone.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "cli/model/loaded.h"

namespace track::serve {

class SeenDeadlocks {
 public:
  uint64_t seen(const std::vector<Loaded>& judged);  // how many, with those of this look

 private:
  std::mutex mutex_;
  std::set<std::string> known_;  // fingerprints
};

}  // namespace track::serve
