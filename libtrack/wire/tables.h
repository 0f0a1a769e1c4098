// tables.h: the live tables: what exists now. Entries never move; a slot is used again only after
// the task it described is over and nobody can ask for it any more.
#pragma once

#include <atomic>
#include <cstdint>

namespace track::wire {

// Ticks are time-stamp counter values; the header converts them. Stack references are indexes into
// the stack_index section; 0 = no stack.

enum class WaitKind : uint8_t {
  none = 0,
  mutex = 1,
  rwlock_read = 2,
  rwlock_write = 3,
  spinlock = 4,
  condition = 5,
  semaphore = 6,
  barrier = 7,
  join = 8,  // object = pthread_t
  once = 9,
  futex = 10,  // C++20 atomic wait, std::future, semaphore, latch; object = the futex word
  sleep = 11,
  poll = 12,   // object = 0
  epoll = 13,  // object = descriptor; so for the rest
  select = 14,
  read = 15,
  write = 16,
  accept = 17,
  connect = 18,
  signal = 19,   // pause, sigwait and family
  process = 20,  // waitpid and family; object = pid
  file_lock = 21,
  message = 22,  // System V and POSIX queues and semaphores
};

enum WaitFlags : uint8_t {
  kWaitTimed = 1,          // ends by itself; never part of a proof
  kWaitShared = 2,         // process-shared object
  kWaitRobust = 4,         // the kernel hands the lock on when its owner dies
  kWaitPrefersWriter = 8,  // rwlock kind that makes readers queue behind a waiting writer
};

// What a thread is blocked on, written by that thread only. sequence is odd while it is written.
// kind == none: not blocked. A wait that a signal handler or a cancellation cut short may stay
// published until the thread's next hook: stack_pointer lets a reader tell.
struct Wait {
  std::atomic<uint32_t> sequence;
  WaitKind kind;
  uint8_t flags;
  uint16_t reserved;
  uint64_t object;  // address of the lock, condition, futex …; see WaitKind
  uint64_t mutex;   // condition: the mutex it gives up meanwhile
  uint64_t since_ticks;
  uint64_t stack_pointer;   // of the waiting call's frame
  uint64_t return_address;  // into the code that called the waiting function
  uint32_t stack;           // blocked-at stack
  int32_t owner_tid;        // as the lock word named it when the wait began; 0 = none or unknown
};
static_assert(sizeof(Wait) == 56);

// A wait of a program's own making (track/wait.h), as it tells it: the address of what is waited
// for, the kind (ToldWaitKind) from bit 58 on. 0 in `object`: none was told. Kept by who waits.
struct ToldWait {
  std::atomic<uint64_t> object;
  std::atomic<uint64_t> since_ticks;
  std::atomic<uint64_t> caller;  // return address of the call that told it
};
inline constexpr uint32_t kToldWaits = 2;
inline constexpr uint32_t kToldKindShift = 58;
inline constexpr uint32_t kToldTimed = 16;  // beside the kind: it ends by itself
enum class ToldWaitKind : uint32_t {
  none = 0,
  lock = 1,
  queue = 2,
  channel = 3,
  future = 4,
  event = 5,
  pool = 6,
  other = 7,
};

constexpr uint64_t told_object_word(uint64_t object, uint32_t kind) {
  return (object & ((uint64_t{1} << kToldKindShift) - 1)) | uint64_t{kind & 31} << kToldKindShift;
}

// A lock in a held set: the object's address, its sort in the low two bits.
enum HeldSort : uint64_t { kHeldMutex = 0, kHeldRead = 1, kHeldWrite = 2, kHeldSpin = 3 };
inline constexpr uint64_t kHeldSortMask = 3;
inline constexpr uint32_t kHeldCapacity = 24;

enum class ThreadState : uint32_t {
  free = 0,
  claimed = 1,  // slot taken, pthread_create under way
  created = 2,  // pthread_create succeeded, the thread has not run yet
  running = 3,  // also when blocked: see wait
  ended = 4,    // its start routine and its destructors are over; not joined yet
};

enum ThreadFlags : uint32_t {
  kThreadMain = 1,
  kThreadDetached = 2,
  kThreadJoined = 4,
  kThreadAdopted = 8,  // first seen when it called a hook: no creation stack
  kThreadC11 = 16,
  kThreadCancelled = 32,    // pthread_cancel was called on it
  kThreadJoining = 64,      // somebody is in pthread_join for it
  kThreadHeldUnseen = 128,  // what locks it holds is not recorded: off, or its tid is not known
  kThreadFound = 256,       // ran when the recording began, and was not heard of since
};

struct ThreadSlot {
  std::atomic<ThreadState> state;
  std::atomic<uint32_t> flags;
  std::atomic<uint32_t> sequence;  // odd while the identity below is (re)written
  uint32_t task;                   // id, never used twice in a process; main is 1
  uint32_t creator;                // task id of the creator, 0 = unknown
  std::atomic<int32_t> tid;        // kernel thread id, 0 before it runs
  std::atomic<uint64_t> pthread;   // pthread_t
  uint64_t created_ticks;
  uint64_t started_ticks;
  std::atomic<uint64_t> ended_ticks;
  uint32_t created_stack;
  uint32_t stack_kib;  // size of its stack as asked for, 0 = unknown
  uint64_t start_routine;
  uint64_t start_argument;
  char name[16];  // pthread_setname_np; empty = as inherited
  std::atomic<uint64_t> coroutines_created;
  std::atomic<uint64_t> coroutines_destroyed;
  std::atomic<uint64_t> waits;   // blocking waits so far
  std::atomic<uint32_t> joiner;  // task in pthread_join for it
  uint32_t created_labels;       // label set (labels.h) it was created with
  uint64_t stack_low;            // bounds of its stack, 0 = unknown
  uint64_t stack_high;
  Wait wait;
  std::atomic<uint32_t> held_count;           // entries of `held` in use; 0 among them = given back
  std::atomic<uint32_t> held_lost;            // held now, but not listed: the set is not complete
  std::atomic<uint64_t> held[kHeldCapacity];  // oldest first
  // Of each entry: the fiber that ran when it was taken (its slot's index + 1, the low 16 bits).
  std::atomic<uint16_t> held_fiber[kHeldCapacity];
  std::atomic<uint32_t> labels;  // those it has now, on its own stack
  uint32_t reserved[15];
};
static_assert(sizeof(ThreadSlot) == 512);

// A block that holds, or may hold, a coroutine frame. address is written last and cleared first.
inline constexpr uint32_t kSiteCapacity = 16384;
// CoroutineSlot::site: bits 0-13 the site, 14-28 the label set its creator had (labels.h), 31:
inline constexpr uint32_t kFrameSeen = 0x80000000;  // head looked at, a pair
inline constexpr uint32_t kSiteMask = kSiteCapacity - 1;
inline constexpr uint32_t kSiteLabelShift = 14;
inline constexpr uint32_t kSiteLabelMask = 0x7fff;
struct CoroutineSlot {
  std::atomic<uint64_t> address;  // 0 = free slot
  uint64_t created_ticks;
  uint32_t site;   // index into sites, and more: see above
  uint32_t stack;  // creation stack
  uint32_t size_bytes;
  uint32_t creator;  // task id of the thread that allocated it
};
static_assert(sizeof(CoroutineSlot) == 32);

enum class SiteState : uint32_t {
  unknown = 0,
  never = 1,      // blocks from here were looked at and are no frames
  coroutine = 2,  // every block looked at was a frame
  mixed = 3,
};

// An allocation site (the return address of the allocating call), as learned in the target.
struct Site {
  std::atomic<uint64_t> return_address;  // 0 = free
  std::atomic<SiteState> state;
  std::atomic<uint32_t> generation;  // of modules, when learned
  std::atomic<uint64_t> resume;      // the pair of the first frame seen from here
  std::atomic<uint64_t> destroy;
  std::atomic<uint32_t> frames_seen;
  std::atomic<uint32_t> others_seen;
  std::atomic<uint32_t> unclear_seen;  // a frame that is done, or null and a function of another's
  uint32_t reserved[5];
};
static_assert(sizeof(Site) == 64);

enum class FiberState : uint32_t {
  free = 0,
  created = 1,  // has a stack and an entry function, never ran
  running = 2,
  suspended = 3,
};
enum class FiberSort : uint32_t { ucontext = 1, fcontext = 2 };

// A stackful coroutine: a stack that makecontext or make_fcontext prepared. state is written last
// when it appears and cleared first; it ends when its stack is freed, unmapped or prepared anew.
struct FiberSlot {
  std::atomic<FiberState> state;
  FiberSort sort;
  uint32_t task;     // id, of the threads' numbers
  uint32_t creator;  // task id of the thread that prepared it
  uint64_t stack_low;
  uint64_t stack_high;
  uint64_t entry;  // function it begins in
  uint64_t created_ticks;
  std::atomic<uint64_t> switched_ticks;  // last switch in or out, 0 = never ran
  std::atomic<uint64_t> switches;        // switches in
  // Where it is suspended, 0 = not known. ucontext: address of the ucontext_t that swapcontext
  // saved into. fcontext: the stack pointer at the entry of jump_fcontext; the return address lies
  // there, and below it rbp, rbx, r15, r14, r13, r12.
  std::atomic<uint64_t> context;
  uint32_t created_stack;
  std::atomic<uint32_t> thread;     // task id of the thread it runs, or last ran, on
  std::atomic<uint32_t> next_free;  // free slots only: index + 1
  std::atomic<uint32_t> moved;      // 1: it has run on more than one thread
  uint32_t created_labels;          // label set it was created with
  std::atomic<uint32_t> labels;     // those it has now
  ToldWait wait;                    // of its own making, the outermost
  std::atomic<uint32_t> waits;      // how many it is in, one inside the other
  uint32_t reserved;
};
static_assert(sizeof(FiberSlot) == 128);

struct ModuleSlot {
  std::atomic<uint32_t> state;  // 0 free, 1 complete
  uint32_t build_id_bytes;
  uint8_t build_id[32];
  uint64_t base;
  uint64_t start;
  uint64_t end;
  uint32_t loaded;                 // generation
  std::atomic<uint32_t> unloaded;  // generation, 0 = still there
  uint64_t path;                   // offset into strings
  uint64_t executable_start;       // hull of the executable segments
  uint64_t executable_end;
};
static_assert(sizeof(ModuleSlot) == 96);

}  // namespace track::wire
