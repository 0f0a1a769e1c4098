// What was proved of one process while it could be looked at: cycles of locks and joins, and tasks
// that nothing living can reach. Plain data: made by analyze/ from memory and two looks, kept by
// dumps, where neither can be had again.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "cli/model/finding.h"

namespace track {

struct Deadlocks {
  std::vector<Finding> findings;  // one a cycle
  std::set<uint32_t> stuck;       // task ids: in a cycle, or waiting for one that is
};

enum class StuckBy : uint8_t {
  object,       // nothing live refers to what it waits on
  asleep,       // every thread of the process waits for another one
  owner,        // who holds the lock is stuck itself
  owner_ended,  // who held the lock has ended
  join,         // the joined thread is stuck itself
  fiber,        // who holds the lock is a suspended fiber that nothing live refers to
};

struct StuckThread {
  uint32_t id = 0;        // task
  uint32_t sequence = 0;  // of its wait
  uint64_t object = 0;    // of its wait
  StuckBy by = StuckBy::object;
  bool told = false;           // only if what the program tells of its own waits is true
  bool own_wait_told = false;  // and it is in such a wait: `sequence` and `object` are that one's
  uint32_t other = 0;          // task of the owner or of the joined thread
  bool on_own_stack = false;   // the wait object is
  uint64_t object_bytes = 0;   // of the block that holds the wait object
  uint64_t held_bytes = 0;     // what only it keeps
  // A function object or coroutine that leads to the wait object, and that the thread's own stack
  // leads to: work in a queue that the thread may have to serve itself; 0 = none.
  uint64_t queued_job = 0;
  bool job_on_stack = false;  // its stack refers to that directly
  // Of one that waits and is not stuck: who knows the wait object and so could wake it, into
  // Fixpoint::retentions plus one; 0 = not told.
  uint32_t known_to = 0;
};

// A suspended fiber whose stack and saved registers nothing refers to.
struct LostFiber {
  uint32_t id = 0;
  uint64_t switches = 0;
  uint64_t stack = 0;       // an address in it
  uint64_t held_bytes = 0;  // of the block that its stack is
};

struct Orphan {
  uint64_t address = 0;
  uint64_t created_ticks = 0;
  uint64_t held_bytes = 0;    // the frame, and its share of what only its group keeps
  bool inside_block = false;  // of a larger block: a pool
  bool taken_out = false;     // only what a container left behind refers to it
};

// One step of the way from what cannot go away to a task: who refers to whom.
struct RetentionStep {
  enum class Sort : uint8_t {
    global,
    thread_local_data,
    stack,
    registers,
    kernel,
    block,
    frame,
    fiber,
    declared,
  };
  Sort sort = Sort::global;
  uint64_t address = 0;  // of the word, block or frame
  uint64_t bytes = 0;    // of the block
  // Task id of the thread or fiber; of a frame: its function, into Trace::functions.
  uint32_t number = 0;
  uint32_t left_out = 0;  // steps between this one and the next
  std::string holder;     // in the kernel: "epoll descriptor 5"; declared: who, in words
  // The word in it that leads on, and what that holds; of the last step the word that is waited on,
  // and 0. 0: not known, or a reference that is no plain address.
  uint64_t reference = 0, target = 0;
  uint64_t head = 0;  // of a block, its first word
  // What the block or global is, where that is certain ("Session"), and through which member of it
  // the way goes on ("peers[3].frame").
  std::string type, member;
  bool only_at_head = false;  // the type is that of an object at the block's head
};

// A suspended coroutine that something still refers to.
struct Kept {
  uint64_t address = 0;
  uint64_t created_ticks = 0;
  uint64_t held_bytes = 0;  // its share of what only its group keeps; 0 = not known
  uint32_t retention = 0;   // into Fixpoint::retentions; of one of its group
};

// A suspended fiber whose stack or saved registers something still refers to.
struct KeptFiber {
  uint32_t id = 0;
  uint64_t switches = 0;
  uint32_t retention = 0;  // into Fixpoint::retentions
};

// Blocks that nothing refers to: from one allocation stack where that is recorded, else alike in
// size and in what their first word points to.
struct LeakedBlocks {
  uint64_t count = 0;
  uint64_t total_bytes = 0;
  uint64_t bytes = 0;  // of one; 0 = they differ
  uint64_t kind = 0;   // address in a module that each begins with (a vtable); 0 = none, or several
  uint64_t sample = 0;
  uint32_t stack = 0;                               // the recording's number of the stack
  uint32_t allocated_at = 0;                        // the same, into Trace::stacks; 0 = not known
  uint64_t indirect_count = 0, indirect_bytes = 0;  // that only these refer to
};

struct Fixpoint {
  bool taken = false;
  bool coherent = false;  // else: candidates only
  bool asleep = false;    // no thread of the process can ever go on
  // A thread that says it waits ran when it was looked at (it polls): of its stack nothing is
  // known.
  bool poller_ran = false;
  // All threads wait for each other, but whether that is for ever cannot be said; why, in words.
  std::string sleep_doubt;
  std::vector<std::string> doubts, blind;  // see MemoryPicture
  std::string cancels;      // see MemoryPicture; a dump's deadlocks it has weakened already
  std::string lock_escape;  // the same
  std::vector<StuckThread> threads;
  std::vector<StuckThread> waiting;  // for other tasks, and something live knows the object
  std::vector<Orphan> coroutines;
  std::vector<LostFiber> fibers;
  std::vector<std::vector<RetentionStep>> retentions;  // the root first
  std::vector<Kept> kept;                              // sorted by address
  std::vector<KeptFiber> kept_fibers;
  std::vector<LeakedBlocks> leaked;  // when asked for; the most bytes first
  // Blocks of the heap that were allocated where the recording does not see it, and that nothing
  // refers to: not called leaked.
  uint64_t unrecorded_blocks = 0;
  uint64_t live_threads = 0;
  uint64_t scanned_bytes = 0;
  uint64_t unreached_blocks = 0, unreached_bytes = 0;  // by anything, stuck tasks included
  uint64_t pause_ns = 0;                 // how long the process was held for this instant
  std::string pause_for;                 // what was done meanwhile, for people
  uint64_t held_ns = 0;                  // in all, with attempts that proved nothing
  std::vector<std::string> not_visible;  // why there is no better proof
  bool empty() const {
    return threads.empty() && coroutines.empty() && fibers.empty() && leaked.empty();
  }
};

}  // namespace track
