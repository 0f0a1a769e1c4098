// All that one recording, live process or dump says about one process. Plain data: filled by
// read/ and process/, used by analyze/ and write/. Times are nanoseconds of the target's
// CLOCK_MONOTONIC; 0 = unknown. Stacks are leaf first.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/model/await_point.h"
#include "cli/model/channel.h"
#include "cli/model/contention.h"
#include "cli/model/cpu.h"
#include "cli/model/frame.h"
#include "cli/model/heap.h"
#include "cli/model/history.h"
#include "cli/model/schedule.h"

namespace track {

enum class TaskKind : uint8_t { thread, coroutine, fiber };

enum class WaitKind : uint8_t {
  none,
  mutex,
  rwlock_read,
  rwlock_write,
  spinlock,
  condition,
  semaphore,
  barrier,
  join,
  once,
  futex,
  sleep,
  poll,
  epoll,
  select,
  read,
  write,
  accept,
  connect,
  signal,
  process,
  file_lock,
  message,
  // Of the program's own making, as it tells (track/wait.h).
  told_lock,
  told_queue,
  told_channel,
  told_future,
  told_event,
  told_pool,
  told_other,
};

enum class TaskState : uint8_t { created, running, blocked, ended, suspended, done, unknown };

// How a process ended, as far as is known.
enum class ProcessEnd : uint8_t {
  alive,
  main_returned,
  exit_called,
  quick_exit,
  underscore_exit,
  aborted,
  killed,
  timed_out,  // `track` ended it: --timeout
  unseen,     // it exited, and its record does not say how: a raw system call, or exec of a program
              // that is not tracked
  unknown,
};

using StackIndex = uint32_t;  // into Trace::stacks; 0 = none

struct Label {
  std::string key, value;
};
using LabelList = std::vector<Label>;  // by key

struct Stack {
  std::vector<uint64_t> addresses;  // return addresses, leaf first
  uint32_t generation = 0;          // of modules
  bool truncated = false;
  uint32_t awaiters_from = 0;  // those from here on are no callers but, one each, who awaits: the
                               // coroutine's function; 0 = all are callers
  uint32_t labels = 0;         // of a creation stack: those the task began with. Tasks of different
                               // tests were created at different places
};

// What is started in it is to be finished when it ends, says the program (track.h).
struct TaskScope {
  std::string name;
  uint32_t parent = 0;  // it was opened in, into Trace::scopes, + 1; 0 = in none
  uint32_t opener = 0;  // task id of the thread
  uint32_t ender = 0;
  bool ended = false;
  uint64_t opened_ns = 0;
  uint64_t ended_ns = 0;
  StackIndex opened_at = 0;
};

struct Wait {
  WaitKind kind = WaitKind::none;
  bool timed = false;
  bool process_shared = false;
  bool robust = false;
  bool prefers_writer = false;
  uint64_t object = 0;
  uint64_t mutex = 0;  // condition waits
  uint64_t since_ns = 0;
  StackIndex stack = 0;  // blocked-at
  uint64_t return_address = 0;
  uint64_t stack_pointer = 0;  // of the waiting call's frame
  int32_t owner_tid = 0;       // from the lock word when the wait began
  uint32_t sequence = 0;       // tells two waits of one thread apart
};

// A wait of the program's own making, as it told it. kind none: it told none.
struct ToldWait {
  WaitKind kind = WaitKind::none;
  bool timed = false;
  uint64_t object = 0;
  uint64_t since_ns = 0;
  uint32_t sequence = 0;  // tells two of one task apart
  StackIndex at = 0;      // of the call that told it, one frame
};

// What is waited for so, as far as somebody owns it or has ended a wait for it. Tasks by id.
struct ToldObject {
  static constexpr uint64_t kOverFrame = 1;
  uint32_t owner = 0;        // without whom no wait ends; 0 = nobody, or a coroutine
  uint64_t owner_frame = 0;  // the coroutine's address, kOverFrame: it has ended; 0 = none
  uint32_t waker = 0;        // who ended one last; 0 = nobody
  uint64_t waker_ns = 0;
};

// The pool that a thread works for, as the program tells (track/pool.h).
struct PoolPlace {
  uint64_t pool = 0;        // address; 0 = in none
  uint32_t jobs = 0;        // of the pool that it is in, one inside the other
  bool tells_jobs = false;  // it has told of one
  std::string name;         // of the pool; empty = it has none
};

enum class HeldSort : uint8_t { mutex, read, write, spin };
struct Held {
  uint64_t object = 0;
  HeldSort sort = HeldSort::mutex;
  uint32_t fiber = 0;  // task id of the fiber that took it, when it does not run on this thread now
  uint64_t since_ns = 0;    // with locks=all; 0 = not recorded
  StackIndex taken_at = 0;  // the same: the call that took it
};

// What the kernel says a thread of a live process is doing.
enum class KernelView : uint8_t {
  unknown,  // not asked, or no answer
  gone,     // no such thread any more
  running,  // on a CPU or ready
  waiting,  // inside a system call
};

struct Thread {
  uint32_t id = 0;       // task id; main is 1
  uint32_t creator = 0;  // task id, 0 = unknown
  int32_t tid = 0;
  int32_t outer_tid = 0;  // recorded in another pid namespace: our number of it; else 0
  uint64_t pthread = 0;
  // Context switches, where what it waits for is the kernel's word alone (it slept before the
  // record began, say): as many later, the same wait. 0 = not asked.
  uint64_t switches = 0;
  std::string name;
  TaskState state = TaskState::unknown;
  bool main = false;
  bool detached = false;
  bool joined = false;
  bool adopted = false;  // not created through us: no creation stack
  bool found = false;  // there when the recording began, and not heard of since: it may have ended
  bool cancelled = false;
  uint32_t joiner = 0;  // task in pthread_join for it
  uint64_t created_ns = 0;
  uint64_t started_ns = 0;
  uint64_t ended_ns = 0;
  uint32_t labels = 0;      // it was created with, into Trace::label_sets
  uint32_t labels_now = 0;  // its own since
  StackIndex created_at = 0;
  StackIndex running_at = 0;  // where it is now when it is not in a published wait, if known
  uint64_t start_routine = 0;
  uint64_t waits = 0;
  uint64_t coroutines_created = 0;
  uint64_t coroutines_destroyed = 0;
  Schedule schedule;  // when it was asked for
  Wait wait;
  ToldWait told;
  PoolPlace works_for;
  // `wait` and `state` are those it told (model/told_waits.h); these are what the record saw.
  bool wait_told = false;
  Wait inner;
  TaskState inner_state = TaskState::unknown;
  std::vector<Held> held;
  bool held_complete = true;  // false: more locks held than the record could list, or none kept
  KernelView kernel = KernelView::unknown;
  uint32_t system_call = 0;  // when waiting
};

enum class FrameCertainty : uint8_t {
  recorded,    // block from a learned coroutine site; its memory could not be read
  pair,        // the head is a pair of function starts, and nothing more is known: no finding
  structural,  // and the code of both looks a little like clang's for resume and destroy
  shaped,      // and does what those do to the frame's head, or to the frame
  known,       // resume and destroy are a coroutine's by symbol, or by the code that GCC makes
};

// What the program itself told of a coroutine.
struct Told {
  TaskState state = TaskState::unknown;  // running, suspended, done; unknown: it told nothing
  uint32_t point = 0;                    // where it waits, or waited last: into told_points
  uint32_t thread = 0;                   // task id of the thread that resumed it last, or made it
  uint64_t awaiter = 0;                  // address of the frame that goes on when this one ends
  uint64_t since_ns = 0;                 // suspended; 0: it runs
  uint64_t resumes = 0;                  // so far
  ToldWait wait;                         // what for, if its awaiter told that
  bool known() const { return state != TaskState::unknown; }
};

// A place in the source that it named.
struct ToldPoint {
  AwaitPoint await;
  std::string function;
  uint32_t interned = 0;  // the same, into Trace::functions, once it is there
};

struct Coroutine {
  uint64_t id = 0;  // unique in the trace
  uint64_t address = 0;
  uint32_t size_bytes = 0;
  uint32_t creator = 0;  // task id of the creating thread
  uint64_t created_ns = 0;
  uint64_t created_ticks = 0;  // as recorded: tells two users of one block apart
  uint32_t labels = 0;         // its creator had, into Trace::label_sets
  StackIndex created_at = 0;
  uint64_t site = 0;    // return address of the allocating call
  uint64_t resume = 0;  // 0: at final suspension, or unknown
  uint64_t destroy = 0;
  FrameCertainty certainty = FrameCertainty::recorded;
  TaskState state = TaskState::unknown;
  uint32_t thread = 0;           // task id of the thread it runs on, when it is running
  uint32_t function = 0;         // the coroutine function, into Trace::functions; 0 = unknown
  uint32_t await_point = 0;      // where it is suspended, into Trace::await_points
  uint64_t awaited_by = 0;       // address of the frame that goes on when this one ends
  uint64_t awaits = 0;           // address of the frame that this one waits for (of one of them)
  bool awaited_by_weak = false;  // only one of the two points at the other
  bool site_mixed = false;       // blocks from that site are not always frames
  bool frame_seen = false;       // the tracker looked at this very block, and it was one
  bool inside = false;           // of a larger block, or of none: found by looking through memory
  bool in_use = false;           // the frame's own words say that it has not been destroyed
  Told told;
  uint64_t since_ns = 0;             // suspended since; 0 = not known
  bool created_at_doubtful = false;  // the block may have been recycled since that stack
};

// A lock that a blocked or ended thread holds, and that a suspended coroutine's frame refers to, as
// a guard in it does; or only its code, as where the lock is a global and the compiler knows.
struct FrameLock {
  uint64_t frame = 0;  // address of the coroutine
  uint64_t lock = 0;
  uint32_t holder = 0;          // task id of the thread that took it
  bool frame_on_stack = false;  // that thread's stack refers to the frame: it may be running there
  bool lock_on_stack = false;   // and to the lock
  bool by_code = false;         // not the frame, but its resume function refers to the lock
};

// What of a process's memory is the tracker's. Addresses in the target; 0 = unknown.
struct TrackerPlace {
  uint64_t module_start = 0, module_end = 0;  // libtrack.so
  uint64_t recording = 0;                     // the mapped file
  uint64_t recording_bytes = 0;
  uint64_t arenas = 0;  // the word that holds the address of its newest mapping
};

enum class FiberSort : uint8_t { ucontext, fcontext };

// A stackful coroutine.
struct Fiber {
  uint32_t id = 0;       // of the threads' numbers
  uint32_t creator = 0;  // task id of the thread that prepared it
  uint32_t thread = 0;   // task id of the thread it runs, or last ran, on; 0 = never ran
  FiberSort sort = FiberSort::ucontext;
  TaskState state = TaskState::unknown;  // created, running or suspended
  uint64_t stack_low = 0;
  uint64_t stack_high = 0;
  uint64_t entry = 0;  // function it begins in; Boost's is a trampoline
  std::string name;    // as the program calls it
  uint64_t created_ns = 0;
  uint64_t created_ticks = 0;  // as recorded
  uint64_t switched_ns = 0;    // last switch in or out
  uint64_t switches = 0;
  bool moved = false;  // it has run on more than one thread
  ToldWait told;
  uint64_t context = 0;  // where its registers lie while it is suspended; 0 = not known
  uint32_t labels = 0;   // it was created with, into Trace::label_sets
  StackIndex created_at = 0;
  StackIndex suspended_at = 0;
};

// How many threads one stack ever created.
struct ThreadOrigin {
  StackIndex created_at = 0;
  uint64_t count = 0;
};

struct Trace {
  std::string source;  // what was read, for people: path or "pid N"
  std::string program;
  std::vector<std::string> command_line;
  int32_t pid = 0;
  int32_t parent_pid = 0;
  bool forked = false;    // recording began in a fork child
  bool prepared = true;   // false: without libtrack.so; seen from outside only
  bool attached = false;  // recorded from the middle of its life on: `track attach`
  bool recording = true;  // false: loaded but off
  uint64_t start_realtime_ns = 0;
  uint64_t start_ns = 0;  // CLOCK_MONOTONIC
  uint64_t taken_ns = 0;  // when this trace was read (or when the process was last seen)
  bool gone = false;      // the process is no more: what the recording says is final
  // Of a copy that the process made of its recording (track_dump), else 0: since when it was being
  // made, by CLOCK_MONOTONIC, and when it was whole, by CLOCK_REALTIME.
  uint64_t copy_began_ns = 0, copied_realtime_ns = 0;
  ProcessEnd end = ProcessEnd::unknown;
  int exit_code = 0;          // when end says it ended by itself
  uint32_t exit_task = 0;     // thread that returned from main or called exit; 0 = not known
  bool held_at_exit = false;  // that thread is waiting for us, before the first exit handler
  int signal = 0;             // when killed, and known
  uint64_t pause_ns = 0;      // how long the target was held up for this trace
  std::string pause_for;      // for what; empty when that goes without saying
  std::string options;
  std::vector<std::string> suppressions;  // the program's own, line by line
  TrackerPlace tracker;
  HeapTable heap;
  CpuTable cpu;

  std::vector<Thread> threads;        // live, and ended ones that nobody joined
  std::vector<Coroutine> coroutines;  // live
  std::vector<Fiber> fibers;          // live
  // What the program calls them (track.h): by id; by address, of locks and the like.
  std::map<uint64_t, std::string> coroutine_names, object_names;
  std::map<uint64_t, ToldObject> told_objects;  // by address
  std::vector<FrameLock> frame_locks;
  std::vector<ChannelEnd> channels;  // when a thread waits for a descriptor
  std::vector<Contention> contention;
  std::vector<LockBlock> lock_blocks;  // where every block is recorded; by object
  std::vector<LockOrder> lock_orders;
  std::vector<Stack> stacks;                  // [0] is empty
  std::vector<LabelList> label_sets;          // [0] is empty
  std::vector<TaskScope> scopes;              // open, or ended with tasks left
  std::map<uint32_t, uint32_t> label_scopes;  // innermost scope of a label set, + 1
  std::vector<Module> modules;
  std::vector<std::string> functions;    // coroutine functions, readable; [0] is empty
  std::vector<ToldPoint> told_points;    // [0] is unknown; empty: the program told nothing
  std::vector<AwaitPoint> await_points;  // [0] is unknown; empty when frames were not read
  // Words of target memory read for verification: address -> value.
  std::map<uint64_t, uint64_t> memory;

  uint64_t threads_created = 0, threads_ended = 0, threads_joined = 0, threads_detached = 0;
  uint64_t coroutines_created = 0, coroutines_destroyed = 0, untracked_coroutines = 0;
  uint64_t fibers_created = 0;
  std::vector<ThreadOrigin> thread_origins;
  uint64_t unknown_origins = 0;  // threads created whose stack found no room there
  uint64_t contention_lost = 0;  // waits not added up: no loss of state
  uint64_t orders_lost = 0;  // lock orders not looked at or not kept, most of them known: the same
  uint64_t events = 0, events_overwritten = 0;  // ever written to the rings
  History history;                              // when asked for
  uint64_t file_bytes = 0;
  bool superseded =
      false;             // the process replaced its program (exec): nothing of this image is left
  std::string executed;  // by what, where that was not tracked; as exec was asked for it
  // By what name an unprepared program may switch stacks: who holds a lock may be a fiber then.
  std::string stack_switcher;
  bool memory_read = false;              // the process's memory could be looked at
  std::map<std::string, uint64_t> lost;  // by kind, only non-zero ones
  std::vector<std::string> warnings;     // damage met while reading
  std::vector<std::string> not_visible;  // what could not be seen in this process
  bool complete() const { return lost.empty() && warnings.empty(); }
};

}  // namespace track
