// Rule `pool-exhausted`: all threads that were made at one place wait for work that only they would
// run. As sure as it is that they are stuck (find_stuck says it then); suspected where something
// live still knows what they wait for.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "cli/analyze/group.h"
#include "cli/model/finding.h"
#include "cli/model/proof.h"
#include "cli/model/symbols.h"

namespace track::analyze {

// The thread, if it is still in that wait.
const Thread* waiting_thread(const Trace& trace, const StuckThread& waiting);

// The threads of a trace by the place where they were made and the routine they run.
class Pools {
 public:
  // waiting: those that may count as waiting for queued work. All outlive this.
  Pools(const Trace& trace, const Symbols& symbols, const std::vector<StuckThread>& waiting);
  // All threads of the pool of this one, when none of them is free; null otherwise.
  const std::vector<const Thread*>* exhausted(const Thread& thread, const StuckThread& waiting);

 private:
  using Key = std::pair<StackIndex, uint64_t>;
  Key key_of(const Thread& thread);

  const Trace& trace_;
  const Symbols& symbols_;
  Places places_;
  std::unordered_set<const Thread*> waiting_;
  std::map<Key, std::vector<const Thread*>> pools_;
};

std::string exhausted_title(const Finding& finding, const Trace& trace, const Symbols& symbols,
                            size_t threads);
std::string exhausted_reason(uint64_t job);

// The suspected ones. known: task ids of threads that another finding already explains.
std::vector<Finding> find_exhausted(const Trace& trace, const Symbols& symbols,
                                    const Fixpoint& fixpoint, const std::set<uint32_t>& known);

}  // namespace track::analyze
