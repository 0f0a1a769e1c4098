/* track.h: what a program may tell the tracker, and ask it.
 *
 * Nothing has to be linked and nothing has to be there: with libtrack.so preloaded (`track run`,
 * `track check`) or linked (find_package(track), target track::track) the functions below act;
 * without it each of them costs the test of a null pointer and answers "not tracked", as said
 * there. With TRACK_DISABLE defined before the first inclusion even that is gone: the names stay,
 * and compile to nothing.
 *
 * For all functions: any thread may call them, at any time, several at once. They take no lock,
 * allocate nothing from the program's heap, throw nothing, print nothing and keep errno. Text is
 * copied; it is UTF-8, ends with a null byte, and what is longer than TRACK_TEXT_BYTES - 1 bytes
 * is shown cut off there (two texts that differ only behind that are still told apart). Times are
 * nanoseconds. They are not for signal handlers unless said so.
 *
 * The calling task is the fiber that runs, if it is one made by makecontext or Boost.Context, else
 * the thread. What a coroutine calls it calls as the thread that resumed it.
 */
#ifndef TRACK_TRACK_H_
#define TRACK_TRACK_H_

#include <stddef.h>
#include <stdint.h>

#ifdef TRACK_DISABLE
#define TRACK_ASK_(otherwise, function, arguments) (otherwise)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#else
#include "abi.h"
#define TRACK_ASK_(otherwise, function, arguments) \
  (TRACK_FIND_(function) != 0 ? TRACK_FIND_(function) arguments : (otherwise))
#if defined(__x86_64__) && !defined(__PIC__) && !defined(__PIE__)
/* Of a weak symbol that code for a fixed address refers to directly the linker decides that it is
 * null, for good; what goes through the global offset table the loader decides. */
#define TRACK_FIND_(function)                                                                \
  (__extension__({                                                                           \
    __typeof__(&function) found_;                                                            \
    __asm__(".weak " #function "\n\tmovq " #function "@GOTPCREL(%%rip), %0" : "=r"(found_)); \
    found_;                                                                                  \
  }))
#else
#define TRACK_FIND_(function) (&function)
#endif
#endif

#ifdef __cplusplus
#define TRACK_INLINE_ inline
extern "C++" {
#else
#define TRACK_INLINE_ static inline
#endif

/* ---- Is anybody watching? ---------------------------------------------------------------- */

/* 1 while this process is being recorded, else 0. */
TRACK_INLINE_ int track_is_recording(void) {
  return TRACK_ASK_(0, track_abi_is_recording, ());
}

/* Path of this process's recording, for `track ps PATH`; "" when it has none. Valid until exit. */
TRACK_INLINE_ const char* track_recording_path(void) {
  return TRACK_ASK_("", track_abi_recording_path, ());
}

/* How much of the tasks there were could not be recorded: no room in a table, no space on the
 * disk. While it is 0 the counts and lists below are of all tasks there are. Not tracked: 0. */
TRACK_INLINE_ uint64_t track_lost(void) {
  return TRACK_ASK_(0, track_abi_lost, ());
}

/* Writes all that is recorded now to the file `path`, for `track leaks FILE` and all other verbs:
 * for a watchdog that is about to end the program, or to compare two moments. The file appears when
 * it is whole, with mode 0600, in the place of one of that name. It holds the tasks, their waits,
 * locks and stacks, contention, and the blocks with alloc=exact, but none of the program's memory:
 * what needs that (coroutines that nothing refers to, where a coroutine is suspended) is told of
 * the live process or a `track dump` of it only. Other threads go on meanwhile; may be called from
 * a signal handler. Returns 1; 0 when not tracked; else a negative errno (-ENOSPC, -EFBIG past
 * RLIMIT_FSIZE, ...), and then nothing is left behind.
 * Cost: that of writing a file of the recording's resident size, some ms a 10 MiB. */
TRACK_INLINE_ int track_dump(const char* path) {
  return TRACK_ASK_(0, track_abi_dump, (path));
}

/* ---- Labels ------------------------------------------------------------------------------ */

/* A task has a set of labels, key = value, and what it starts begins with the same set: a thread
 * has that of its creator, a coroutine and a fiber that of who created them, each as it was at that
 * instant. `track` shows them with every task and finding, and pprof profiles have them. A set is a
 * number, which can be kept, handed to another thread and compared; 0 is the empty set. Equal sets
 * have equal numbers. A set is never freed: labels are for tests, tenants, kinds of requests, not
 * for the number of each request (up to 32768 sets and as many texts; then `lost`).  */
typedef uint32_t track_labels_t;

#define TRACK_TEXT_BYTES 244 /* of a key or value that are shown */
#define TRACK_LABELS_MOST 8  /* labels in one set */

/* Gives the calling task the label key = value in the place of an earlier value; value NULL takes
 * the label away. Tasks that it started before keep what they have. Returns 1; 0 when not tracked,
 * when key is NULL or empty, or when there is no room (counted as lost): the set is then as before.
 * Cost: some 50 ns for a set that was seen before. */
TRACK_INLINE_ int track_label_set(const char* key, const char* value) {
  return TRACK_ASK_(0, track_abi_label_set, (key, value));
}

/* The calling task's labels now. For whoever hands work to another thread: take it with the job and
 * have the worker use it while it does the job, so that what the job starts is the giver's.
 * Not tracked: 0. */
TRACK_INLINE_ track_labels_t track_labels(void) {
  return TRACK_ASK_(0u, track_abi_labels, ());
}

/* Makes `labels`, which came from track_labels(), those of the calling task; returns what they were
 * before. What is no set of this process changes nothing. Cost: a few ns. Not tracked: 0. */
TRACK_INLINE_ track_labels_t track_labels_use(track_labels_t labels) {
  return TRACK_ASK_(0u, track_abi_labels_use, (labels));
}

/* The value of a label in a set; NULL when it has none. Valid until exit. */
TRACK_INLINE_ const char* track_labels_get(track_labels_t labels, const char* key) {
  return TRACK_ASK_((const char*)0, track_abi_labels_get, (labels, key));
}

/* ---- Tests ------------------------------------------------------------------------------- */

/* A test is the label "test". Between these two everything that the calling task starts, and what
 * that starts, belongs to the test called `name`: each finding names the test that created the
 * leaked task, whichever test runs when it is found, and however many run at the same time.
 * Returns 1; 0 when not tracked, or there is no room. track/testing.h calls these by itself. */
TRACK_INLINE_ int track_test_begin(const char* name) {
  return track_label_set("test", name);
}
TRACK_INLINE_ void track_test_end(void) {
  track_label_set("test", 0);
}

/* ---- Scopes ------------------------------------------------------------------------------ */

/* A scope says: everything started in here is finished when it ends. What the calling task starts
 * from begin to end belongs to the scope, and so does what that starts: threads, coroutines,
 * fibers. It travels as labels do, with track::with_labels and track/asio.h, too, and `track` shows
 * it as the label "scope". Scopes opened within one belong to it. What was started in a scope and
 * is still there after its end is a finding of outlived-task that names the scope: `likely`, as a
 * stated rule is broken, though the task may still end by itself. Exempt is what is marked with
 * track_task_long_lived.
 *
 * Labels that are merely kept, with a job in a queue, keep no scope: what a job starts that is done
 * only after the scope's end may belong to none.
 *
 * Finished is a thread that has ended, joined or not; a coroutine or fiber that was destroyed.
 * A program may have 1023 scopes open, or ended with tasks left, at a time; more are counted as
 * lost, and what they start belongs to the scope around them. Name kinds of scopes: "request". */
typedef uint64_t track_scope_t; /* 0 is no scope: every function takes it, and does nothing */

/* Opens a scope within the calling task's, and puts the task into it. 0 when not tracked, or there
 * is no room. Cost: some 400 ns, and once in 32 a look at every task's labels. Within a scope,
 * track_labels_use costs some 150 ns. */
TRACK_INLINE_ track_scope_t track_scope_begin(const char* name) {
  return TRACK_ASK_(0u, track_abi_scope_begin, (name));
}

/* Ends a scope; any task may. The calling task, if it is in the scope, is afterwards in the one
 * around it; another one that still is should leave it with the labels it had before it. Returns 1;
 * 0 when it was not open. Cost: some 200 ns. */
TRACK_INLINE_ int track_scope_close(track_scope_t scope) {
  return TRACK_ASK_(0, track_abi_scope_end, (scope));
}

/* How many tasks there are that were started in the scope, or in one opened in it; the calling one
 * counts as well if it was. Waits until there is none, but no longer than settle_ns: the end of a
 * thread ends the wait, for coroutines and fibers it looks again every 5 ms. Works while the scope
 * is open, and after its end for as long as one of them is there. Cost: looks at every task's
 * labels, microseconds per thousand. Not tracked: 0, at once. */
TRACK_INLINE_ uint64_t track_scope_live(track_scope_t scope, uint64_t settle_ns) {
  return TRACK_ASK_(0u, track_abi_scope_live, (scope, settle_ns));
}

/* Gives what the scope started settle_ns to finish, then ends it. Returns how many are left. */
TRACK_INLINE_ uint64_t track_scope_end(track_scope_t scope, uint64_t settle_ns) {
  const uint64_t left = track_scope_live(scope, settle_ns);
  track_scope_close(scope);
  return left;
}

/* ---- A program's own settings ------------------------------------------------------------ */

#ifdef __cplusplus
extern "C" {
#endif
/* A program may define these, each with default visibility and returning a constant text; null is
 * none. They are called once, before any constructor of the program has run: they may call nothing.
 *
 *   extern "C" const char* track_default_options(void) { return "alloc=sampled:locks=all"; }
 *   extern "C" const char* track_default_suppressions(void) {
 *     return "outlived-task:*Logger::run\n"
 *            "created_by:third_party::*\n";
 *   }
 *
 * Options: as in TRACK_OPTIONS, which goes before them, key by key; and before that go the flags of
 * `track run`. Suppressions: the lines of a file for --suppressions, to which they are added; up to
 * 64 KiB. Only what the program exports is found: link it with -rdynamic, or
 * -Wl,--export-dynamic-symbol=track_default_* for these alone; track::track of
 * find_package(track) does so. */
__attribute__((visibility("default"))) const char* track_default_options(void);
__attribute__((visibility("default"))) const char* track_default_suppressions(void);
#ifdef __cplusplus
}
#endif

/* ---- Names and marks --------------------------------------------------------------------- */

/* Names take room as labels do (32768 texts, never freed): name kinds of things, "session" rather
 * than "session 81723". Each of the following returns 1; 0 when not tracked, or when there is no
 * room (counted as lost). Cost: some 100 ns. */

/* Names the calling task, for `track`'s eyes only: of any length, and unlike pthread_setname_np it
 * does not change what the system shows. NULL or "": the name it had from the system counts again.
 */
TRACK_INLINE_ int track_task_name(const char* name) {
  return TRACK_ASK_(0, track_abi_task_name, (name));
}

/* Names a coroutine: frame is its handle's address(). The name goes with the coroutine. Within one:
 * `co_await track::name("session")`, see track/coroutine.h. */
TRACK_INLINE_ int track_coroutine_name(const void* frame, const char* name) {
  return TRACK_ASK_(0, track_abi_coroutine_name, (frame, name));
}

/* Names a lock, a condition, a semaphore or whatever else tasks wait for, by its address; a name
 * for what is no lock does no harm. NULL or "" takes the name away. It goes as well when the object
 * is destroyed or initialized by a function of libc (pthread_mutex_destroy, sem_init, ...) - which
 * std::mutex and its kin, in the usual builds, never call. What lies in memory that is used again
 * should therefore lose its name before: put a track::lock_name next to it. */
TRACK_INLINE_ int track_lock_name(const void* lock, const char* name) {
  return TRACK_ASK_(0, track_abi_lock_name, (lock, name));
}

/* Says that the calling task is there to stay (a daemon, a cache's refresher): that it lives on, at
 * the end of the program or among many others, is then no finding of outlived-task or
 * growing-tasks; it is counted with those suppressed. All other rules judge it as before: a
 * deadlock that it is part of is one, and so is that it can never go on, that it ended and was not
 * joined, or that it ended with a lock held. expected = 0 takes the mark away. What it starts is
 * not marked. */
TRACK_INLINE_ int track_task_long_lived(int expected) {
  return TRACK_ASK_(0, track_abi_task_long_lived, (expected));
}

/* The same of a coroutine; frame is its handle's address(). */
TRACK_INLINE_ int track_coroutine_long_lived(const void* frame, int expected) {
  return TRACK_ASK_(0, track_abi_coroutine_long_lived, (frame, expected));
}

/* ---- References that no scan finds ------------------------------------------------------- */

/* A task is called leaked when nothing that can go on refers to it: `track` looks for references
 * in all memory that the process may have written, at any byte, with tags in the upper or lower
 * bits, complemented, byte-swapped; and in what the kernel tells (epoll, timers). It does not find
 * one that is encrypted or compressed, that a device or another process keeps, or that stands in
 * memory it takes for garbage, which nothing refers to. Who has such references says so, BEFORE
 * he gives away the last plain one, and takes it back AFTER he has a plain one again: at each
 * instant one of the two is there. What is said goes before what is seen: nothing is called leaked
 * that these lead to, over any number of steps; what is never taken back is never called leaked.
 *
 * Names, objects of wait.h, roots and held pointers may be 16384 at a time in all, fewer where many
 * addresses collide. For one that finds no room the answer is 0; it is counted as lost, and from
 * then on nothing that rests on the scan of memory is `proved` in this process. So it is for all
 * that was said before `track attach`, and without libtrack (`track leaks PID`, a core file):
 * nobody was there to note it down. A child of fork has what its parent said.
 *
 * Each returns 1; 0 when not tracked. Cost: some 10 ns; more where many declared addresses collide.
 */

/* The bytes from `begin` on hold references, whatever becomes of the memory they lie in: a table
 * that is known by a number alone, a mapping of the program's own, pinned memory that a device
 * reads. Each word in them counts as a reference in all the ways above; so does what the block of
 * the heap that `begin` lies in holds, if it lies in one. Memory that `track` cannot read (a
 * device's) leaves a doubt. Said twice it has to be taken back twice. 0 also for NULL and for no
 * bytes. */
TRACK_INLINE_ int track_root_add(const void* begin, size_t bytes) {
  return TRACK_ASK_(0, track_abi_root_add, (begin, bytes));
}
/* The same range with the same length is none any more: before its memory is used for anything
 * else. 0: it was none. */
TRACK_INLINE_ int track_root_remove(const void* begin, size_t bytes) {
  return TRACK_ASK_(0, track_abi_root_remove, (begin, bytes));
}

/* The kernel, a device, a peer has this pointer and will come back with it: user_data of an
 * io_uring or aio request, data of a library that keeps it out of sight; also one that the program
 * itself keeps encrypted. `object` is the block, or anything inside of it; of a coroutine its
 * handle's address(). It is held as often as it is said. 0 also for NULL. */
TRACK_INLINE_ int track_kernel_holds(const void* object) {
  return TRACK_ASK_(0, track_abi_kernel_holds, (object));
}
/* It came back, or will not any more. The same pointer as was said; 0: it was not held. */
TRACK_INLINE_ int track_kernel_gave_back(const void* object) {
  return TRACK_ASK_(0, track_abi_kernel_gave_back, (object));
}

/* ---- What is there now ------------------------------------------------------------------- */

/* Threads: those that were created and have not ended, the main thread included. Coroutines: frames
 * that exist (see `track doctor` for what cannot be seen). Fibers: stacks that exist. */
enum track_kind { TRACK_THREADS = 0, TRACK_COROUTINES = 1, TRACK_FIBERS = 2 };

/* How many tasks of a kind there are. Looks at each of them: microseconds per thousand; of a
 * coroutine at its memory, too: some 200 us per thousand. Not tracked: 0. */
TRACK_INLINE_ uint64_t track_count(enum track_kind kind) {
  return TRACK_ASK_(0u, track_abi_count, ((int)kind));
}

/* How many of them were created with the label key = value; ended threads that nobody has joined
 * are not among them. Not tracked: 0. */
TRACK_INLINE_ uint64_t track_count_labelled(enum track_kind kind, const char* key,
                                            const char* value) {
  return TRACK_ASK_(0u, track_abi_count_labelled, ((int)kind, key, value));
}

enum track_task_state {
  TRACK_STATE_CREATED = 0, /* has not run yet */
  TRACK_STATE_RUNNING = 1,
  TRACK_STATE_BLOCKED = 2,   /* a thread that waits in libc: for a lock, a read, a sleep, ... */
  TRACK_STATE_SUSPENDED = 3, /* a fiber that does not run; a coroutine that says so (coroutine.h) */
  TRACK_STATE_ENDED = 4,     /* a joinable thread that ended, and that nobody has joined */
  TRACK_STATE_UNKNOWN = 5    /* a coroutine: whether it runs cannot be told here */
};

#define TRACK_TASK_FRAMES 16

struct track_task {
  uint64_t id; /* threads, fibers: the number that `track ps` prints; never used twice */
  enum track_kind kind;
  enum track_task_state state;
  track_labels_t labels; /* those it was created with */
  int32_t tid;           /* threads: the kernel's number, 0 before it runs; else 0 */
  uint64_t age_ns;       /* since it was created */
  uint64_t since_ns;     /* how long it has been blocked, suspended or ended; 0 = unknown */
  uint64_t address;      /* threads: pthread_t; coroutines: the frame; fibers: end of the stack */
  int is_main, is_detached;
  uint32_t created_by_count;                 /* of created_by in use */
  const void* created_by[TRACK_TASK_FRAMES]; /* return addresses, innermost first: for dladdr */
  char name[64];                             /* as it was named; "" = not */
  int is_long_lived;                         /* it is marked as there to stay */
};

/* One task after the other: set *cursor to 0, call until it returns 0. Returns 1 and fills *task;
 * 0 at the end, and when not tracked. Tasks that begin or end meanwhile may or may not be met; all
 * others are met once. Threads come first, then fibers, then coroutines. Those that should be over,
 * by label and age: track/leaks.h. */
TRACK_INLINE_ int track_task_next(uint64_t* cursor, struct track_task* task) {
  return TRACK_ASK_(0, track_abi_task_next, (cursor, task, sizeof *task));
}

enum track_held_kind {
  TRACK_HELD_MUTEX = 0, /* std::mutex, pthread_mutex_t and their kin */
  TRACK_HELD_READ = 1,  /* a reader-writer lock, by a reader; once for each */
  TRACK_HELD_WRITE = 2, /* the same, by its writer */
  TRACK_HELD_SPINLOCK = 3
};

struct track_held {
  const void* lock;
  enum track_held_kind kind;
  int holder_ended;             /* without having given it back: nobody will, most likely */
  uint64_t holder;              /* id of the thread; as track_task has it */
  track_labels_t holder_labels; /* those it was created with */
  int32_t holder_tid;
  int is_mine;   /* the calling thread's */
  int by_fiber;  /* a fiber of that thread took it */
  char name[64]; /* as track_lock_name() named it; "" = not */
};

/* One lock after the other that is held now, as track_task_next: 1 and *held; 0 at the end; -1:
 * nobody records which locks are held (not tracked, locks=0). Locks of a program's own are not
 * among them, nor is more than what 24 places a thread have room for (counted as lost). What is
 * taken or given back meanwhile may or may not be met. */
TRACK_INLINE_ int track_held_next(uint64_t* cursor, struct track_held* held) {
  return TRACK_ASK_(-1, track_abi_held_next, (cursor, held, sizeof *held));
}

#ifdef __cplusplus
} /* extern "C++" */

namespace track {

/* A label of the calling task for as long as this object lives; afterwards the task has the set of
 * before again. Lives and dies on one task. */
class [[nodiscard]] label {
 public:
  label(const char* key, const char* value) : before_(track_labels()) {
    track_label_set(key, value);
  }
  ~label() { track_labels_use(before_); }
  label(const label&) = delete;
  label& operator=(const label&) = delete;

 private:
  track_labels_t before_;
};

/* The labels of whoever gave the job, for as long as this object lives:
 *
 *   void post(Job job) { queue.push({track_labels(), std::move(job)}); }
 *   void worker() { ... track::with_labels as_giver(entry.labels); entry.job(); }
 */
class [[nodiscard]] with_labels {
 public:
  explicit with_labels(track_labels_t labels) : before_(track_labels_use(labels)) {}
  ~with_labels() { track_labels_use(before_); }
  with_labels(const with_labels&) = delete;
  with_labels& operator=(const with_labels&) = delete;

 private:
  track_labels_t before_;
};

/* A scope, for as long as this object lives. Lives and dies on one task.
 *
 *   void handle(Request& request) {
 *     track::scope scope("request");
 *     ...
 *   }
 */
class [[nodiscard]] scope {
 public:
  explicit scope(const char* name) : scope_(track_scope_begin(name)) {}
  ~scope() { track_scope_close(scope_); }
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;

  uint64_t live(uint64_t settle_ns = 0) const { return track_scope_live(scope_, settle_ns); }
  track_scope_t id() const { return scope_; }

 private:
  track_scope_t scope_;
};

/* A lock's name, for as long as this object lives: a member next to the lock.
 *
 *   std::mutex mutex_;
 *   track::lock_name mutex_name_{&mutex_, "cache"};
 */
class [[nodiscard]] lock_name {
 public:
  lock_name(const void* lock, const char* name) : lock_(lock) { track_lock_name(lock, name); }
  ~lock_name() { track_lock_name(lock_, 0); }
  lock_name(const lock_name&) = delete;
  lock_name& operator=(const lock_name&) = delete;

 private:
  const void* lock_;
};

/* A root, for as long as this object lives: a member behind the memory it is about.
 *
 *   std::unique_ptr<std::uint64_t[]> sealed_;
 *   track::root sealed_root_{sealed_.get(), kSlots * sizeof(std::uint64_t)};
 */
class [[nodiscard]] root {
 public:
  root(const void* begin, size_t bytes) : begin_(begin), bytes_(bytes) {
    track_root_add(begin, bytes);
  }
  ~root() { track_root_remove(begin_, bytes_); }
  root(const root&) = delete;
  root& operator=(const root&) = delete;

 private:
  const void* begin_;
  size_t bytes_;
};

/* A pointer that is out of sight for as long as this object lives. Not in the object that is
 * pointed to, if that is to be called leaked when it never comes back: a member of an awaiter
 * lies in the coroutine's frame, and both would keep each other for ever.
 */
class [[nodiscard]] kernel_held {
 public:
  explicit kernel_held(const void* object) : object_(object) { track_kernel_holds(object); }
  ~kernel_held() { track_kernel_gave_back(object_); }
  kernel_held(const kernel_held&) = delete;
  kernel_held& operator=(const kernel_held&) = delete;

 private:
  const void* object_;
};

} /* namespace track */
#endif /* __cplusplus */

#ifdef TRACK_DISABLE
#pragma GCC diagnostic pop
#endif

#endif /* TRACK_TRACK_H_ */
