// Who holds others up: the roots of the wait-for graph outside of cycles, and waits that name no
// owner. Facts for `track hang`, not findings: a busy program has some at every moment.
#pragma once

#include <vector>

#include "cli/analyze/wait_graph.h"
#include "cli/model/trace.h"

namespace track::analyze {

struct Blocker {
  size_t thread = 0;              // into Trace::threads; waits for no thread itself
  std::vector<size_t> blocked;    // everybody that waits for it, directly or not
  std::vector<WaitEdge> nearest;  // those that wait for it directly
};

// Waits on one object that no certain owner ends: conditions, semaphores, descriptors.
struct SharedWait {
  WaitKind kind = WaitKind::none;
  uint64_t object = 0;
  bool timed = false;  // all of them end by themselves
  std::vector<size_t> threads;
};

struct HangView {
  std::vector<Blocker> blockers;  // the one that blocks most first
  std::vector<SharedWait> waits;  // the one with most threads first
  size_t running = 0;             // threads in no wait
};

HangView view_hang(const Trace& trace);

}  // namespace track::analyze
