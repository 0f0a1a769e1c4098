// Which tasks can never go on, whatever happens: the fixpoint of marking. Tasks that can run or
// that the outside can wake are live; what they, globals and the kernel refer to is reached; a
// blocked task whose wait object is reached becomes live too (for an owned lock: when its owner is
// live; for a join: when the joined thread is), and so on until nothing changes. The rest is stuck.
// A suspended coroutine whose frame nothing reaches is orphaned.
//
// It may miss, it may not accuse: whatever is not known for certain counts as live or as a root.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/model/memory.h"
#include "cli/model/trace.h"

namespace track::analyze {

enum class StuckBy : uint8_t {
  object,       // nothing live refers to what it waits on
  owner,        // who holds the lock is stuck itself
  owner_ended,  // who held the lock has ended
  join,         // the joined thread is stuck itself
};

struct StuckThread {
  uint32_t id = 0;        // task
  uint32_t sequence = 0;  // of its wait
  StuckBy by = StuckBy::object;
  uint32_t other = 0;         // task of the owner or of the joined thread
  bool on_own_stack = false;  // the wait object is
  uint64_t object_bytes = 0;  // of the block that holds the wait object
  uint64_t held_bytes = 0;    // what only it keeps
};

struct Orphan {
  uint64_t address = 0;
  uint64_t created_ticks = 0;
  uint64_t held_bytes = 0;    // the frame, and its share of what only its group keeps
  bool inside_block = false;  // of a larger block: a pool
};

struct Fixpoint {
  bool taken = false;
  bool coherent = false;  // else: candidates only
  std::vector<std::string> doubts;
  std::vector<StuckThread> threads;
  std::vector<Orphan> coroutines;
  uint64_t live_threads = 0;
  uint64_t scanned_bytes = 0;
  uint64_t unreached_blocks = 0, unreached_bytes = 0;  // by anything, stuck tasks included
  uint64_t pause_ns = 0;
  bool empty() const { return threads.empty() && coroutines.empty(); }
};

// Could anything come of it? False: no blocked threads and no suspended coroutines worth a look.
bool has_suspects(const Trace& trace);

Fixpoint find_fixpoint(const Trace& trace, const MemoryPicture& picture);

// What is stuck does not move. When anything of it did all the same, the record was of another
// instant than the memory: nothing of it can be believed; it is emptied, and the answer is false.
bool keep_unmoved(Fixpoint& fixpoint, const Trace& later);
// Keeps only what the other one found too.
void keep_common(Fixpoint& fixpoint, const Fixpoint& other);

}  // namespace track::analyze
