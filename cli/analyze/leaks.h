// Rules about what a process leaves behind. Judged from the final record of a process that is gone;
// for one that runs, only what is already certain or already old is said, "so far".
#pragma once

#include <set>
#include <unordered_map>
#include <vector>

#include "cli/model/finding.h"
#include "cli/model/proof.h"
#include "cli/model/symbols.h"

namespace track::analyze {

// Tasks of which another finding says more.
struct Explained {
  std::set<uint32_t> threads;      // task ids
  std::set<uint64_t> frames;       // addresses of coroutine frames
  std::set<uint32_t> fibers = {};  // task ids
  // Frames that something refers to.
  struct Keeper {
    uint64_t created_ticks = 0;
    uint64_t held_bytes = 0;
    const std::vector<RetentionStep>* path = nullptr;
  };
  std::unordered_map<uint64_t, Keeper> kept = {};
  const Fixpoint* fixpoint = nullptr;  // who keeps the rest
};

// `lock-held-at-exit`: a thread ended while it held a lock. Proved; dropped when memory disagrees.
std::vector<Finding> find_locks_held(const Trace& trace, const Symbols& symbols);

// `unjoined-thread`: it ended and nobody joined or detached it. Proved once the process has ended
// by itself, likely if threads were left then that are not in `stuck`; before that, suspected.
std::vector<Finding> find_unjoined(const Trace& trace, const Symbols& symbols,
                                   const std::set<uint32_t>& stuck = {});

// `outlived-task`: threads and coroutines still alive when main returned or exit was called.
// Suspected.
std::vector<Finding> find_outlived(const Trace& trace, const Symbols& symbols,
                                   const Explained& explained);

}  // namespace track::analyze
