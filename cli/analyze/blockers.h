// Who holds others up: the roots of the wait-for graph outside of cycles, threads and coroutines,
// and waits that name no owner. Facts for `track hang`, not findings: a busy program has some at
// every moment.
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

// Suspended coroutines that stand at one place, and whom they keep waiting.
struct AwaitStand {
  uint32_t function = 0;        // into Trace::functions
  uint32_t await_point = 0;     // into Trace::await_points
  uint64_t count = 0;           // coroutines that stand there and await no other one
  uint64_t awaiting = 0;        // coroutines that await them, directly or not
  std::vector<size_t> threads;  // that wait for a lock one of them holds; into Trace::threads
};

struct HangView {
  std::vector<Blocker> blockers;   // the one that blocks most first
  std::vector<SharedWait> waits;   // the one with most threads first
  size_t running = 0;              // threads in no wait
  std::vector<AwaitStand> stands;  // the one that blocks most first; with nobody behind: left out
  std::vector<std::vector<size_t>> await_cycles;  // into Trace::coroutines, in the order of waiting
};

// The only suspended coroutine that may hold the lock a thread took; null: none, or not certain.
const Coroutine* holding_coroutine(const Trace& trace, uint64_t lock, uint32_t holder);

HangView view_hang(const Trace& trace);

}  // namespace track::analyze
