// Who keeps the tasks that something still refers to: a way to each coroutine's frame, each
// suspended fiber, and to what blocked threads wait on. After marking from all that is live.
#pragma once

#include <map>
#include <vector>

#include "cli/analyze/retention.h"

namespace track::analyze {

class Keepers {
 public:
  // All outlive this; what is found goes into result.
  Keepers(const Trace& trace, const MemoryPicture& picture, const Marker& marker, Fixpoint& result);

  // For one coroutine of each group; for all when they are few.
  void find_coroutines();
  void find_fibers();
  // Who knows what the thread waits on: into Fixpoint::retentions plus one; 0 = not told.
  uint32_t of_object(const StuckThread& waiting);

 private:
  // Into Fixpoint::retentions plus one; 0 = no path, or too many.
  uint32_t add(std::vector<RetentionStep> path);
  void find_mapped(const std::vector<const Fiber*>& fibers);
  bool counts(uint64_t address) const;

  const Trace& trace_;
  const MemoryPicture& picture_;
  const Marker& marker_;
  Fixpoint& result_;
  RetentionFinder finder_;
  std::map<uint64_t, uint32_t> objects_;  // wait object -> what of_object said
};

// Null: nothing keeps it.
const Kept* kept_frame(const Fixpoint& fixpoint, uint64_t address);
// Only who keeps what, without anything that could be taken for a verdict.
Fixpoint only_keepers(Fixpoint fixpoint);

}  // namespace track::analyze
