// Who waits for whom among threads, as far as it is certain: one edge per owner without whose help
// a wait cannot end. A wait that may end otherwise (timed, robust, owner unknown or doubtful) has
// none, so every cycle of these edges is a deadlock; with a fiber in it, one if that fiber cannot
// be resumed by another thread.
#pragma once

#include <cstddef>
#include <vector>

#include "cli/model/trace.h"

namespace track::analyze {

struct WaitEdge {
  size_t waiter = 0;  // into Trace::threads
  size_t owner = 0;
  bool queued_writer = false;  // owner does not hold the lock, it is queued before the waiter
  uint32_t fiber = 0;  // task id of a suspended fiber that holds it; owner is who ran it last
  bool told = false;   // that it waits, and for whom, the program itself told: no fact
};

struct WaitGraph {
  std::vector<std::vector<WaitEdge>> edges;  // by waiter
};

WaitGraph build_wait_graph(const Trace& trace);

// Does memory contradict that the thread holds this lock? Memory that was not read contradicts
// nothing.
bool memory_contradicts(const Trace& trace, const Thread& thread, const Held& held);
// A robust mutex is handed on by the kernel; true only when memory says so.
bool is_robust(const Trace& trace, const Held& held);

}  // namespace track::analyze
