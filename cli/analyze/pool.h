// Rule `pool-exhausted`: all threads of a pool wait for work that only they would run. A pool is
// who the program says works for it (track/pool.h); of threads of which it says nothing, those that
// were made at one place. As sure as it is that they are stuck (find_stuck says it then); suspected
// where something live still knows what they wait for.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
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

// None of its threads is free.
struct ExhaustedPool {
  const std::vector<const Thread*>* threads = nullptr;
  uint64_t job = 0;       // that one of them waits for
  uint64_t declared = 0;  // address, as the program declares it; 0 = it does not
};

// The threads of a trace by their pools: those that are declared, and for the others by the place
// where they were made and the routine they run.
class Pools {
 public:
  // waiting: those that may count as waiting for queued work. All outlive this.
  Pools(const Trace& trace, const Symbols& symbols, const std::vector<StuckThread>& waiting);
  // The pool of this one, if it is exhausted.
  std::optional<ExhaustedPool> exhausted(const Thread& thread, const StuckThread& waiting);

 private:
  using Threads = std::vector<const Thread*>;
  using Key = std::pair<StackIndex, uint64_t>;
  Key key_of(const Thread& thread);
  bool all_wait(const Threads& threads) const;
  bool members_seen() const;
  void find_declared(const std::vector<StuckThread>& waiting);

  const Trace& trace_;
  const Symbols& symbols_;
  Places places_;
  std::unordered_set<const Thread*> waiting_;
  std::map<Key, Threads> pools_;
  std::map<uint64_t, Threads> declared_;
  std::map<uint64_t, uint64_t> jobs_;  // of the declared ones that are exhausted
};

// Title, reasons and the pool's name, once the finding has its threads.
void describe_exhausted(Finding& finding, const ExhaustedPool& pool, const Trace& trace,
                        const Symbols& symbols);

// The suspected ones. known: task ids of threads that another finding already explains.
std::vector<Finding> find_exhausted(const Trace& trace, const Symbols& symbols,
                                    const Fixpoint& fixpoint, const std::set<uint32_t>& known);

}  // namespace track::analyze
