// recording.h: the file that a tracked process writes while it runs, and anybody may read at any
// instant without asking.
//
// One file a process, mapped shared. Page 0 is the Header; the rest are sections named by the
// directory in it. Everything is little-endian x86-64, naturally aligned, offsets from the start of
// the file. Writers are the target's threads; the one word group others write is Control.
//
//   header | threads | coroutines | sites | stacks index | stacks bodies | modules | strings |
//   rings | fibers | contention | lock orders | heap sites | samples | heap deltas | CPU samples |
//   since when locks are held | told coroutines and their places | label texts | label sets |
//   told threads | declared objects | scopes | members of pools | block regions | block pages |
//   blocks
//
// What was rejected: a socket (a descriptor in the target, blocks), a log that must be replayed to
// know what is alive (overwriting turns the living into ghosts), variable-size records in the live
// tables (no reading in place).
//
// Reading rules. Every multi-word entry has a word that is written last (release) when it appears
// and cleared first when it goes; a reader copies the entry, then looks at that word again
// (`sequence` where present: odd = being written). All values are hints from a process that may be
// corrupt or hostile: bounds are checked against the file's true size, never trusted.
//
// Space. The file has its full length from the start but is sparse; a page is reserved
// (MADV_POPULATE_WRITE) before it is first touched, so neither a full disk nor a shrunken file
// system raises SIGBUS in the target; what could not be reserved is counted in `lost`.
#pragma once

#include <atomic>
#include <cstdint>

#include "libtrack/wire/blocks.h"

namespace track::wire {

inline constexpr char kMagic[8] = {'T', 'R', 'A', 'C', 'K', 'R', 'E', 'C'};
inline constexpr uint32_t kVersion = 11;
inline constexpr uint32_t kHeaderBytes = 8192;
inline constexpr const char* kFilePrefix = "rec.";  // rec.PID.N, N counts the images of one pid

enum class SectionKind : uint32_t {
  none = 0,
  threads = 1,       // ThreadSlot[]
  coroutines = 2,    // CoroutineSlot[]
  sites = 3,         // Site[]
  stack_index = 4,   // StackIndexEntry[]
  stack_bodies = 5,  // uint64_t[]: return addresses, outermost first
  modules = 6,       // ModuleSlot[]
  strings = 7,       // bytes, NUL-terminated
  rings = 8,         // Ring[]: one a CPU (or pooled)
  fibers = 9,        // FiberSlot[]
  // With alloc=exact only (blocks.h), and last in the file: the largest by far, mostly a hole.
  block_regions = 10,  // BlockRegion[]
  block_pages = 11,    // uint8_t[]
  blocks = 12,         // uint64_t[]: cells
  // With alloc=exact or alloc=BYTES only (samples.h).
  heap_sites = 13,       // HeapSite[]
  samples = 14,          // Sample[]
  contention = 15,       // ContentionSlot[]: contention.h
  order_edges = 16,      // OrderSlot[]: order.h
  held_since = 17,       // HeldSince[], one a thread slot: with locks=all only (holds.h)
  heap_deltas = 19,      // HeapDelta[]
  mappings = 20,         // Mapping[] (mappings.h)
  cpu_samples = 18,      // CpuHead, CpuSample[]: with cpu=HZ only (cpu.h)
  thread_origins = 21,   // KeyCount[]: key_count.h
  told_coroutines = 22,  // ToldCoroutine[]: told.h
  told_places = 23,      // ToldPlace[]
  label_texts = 24,      // LabelText[]: labels.h
  label_sets = 25,       // LabelSet[]
  told_threads = 26,     // ToldThread[], one a thread slot: declared.h
  declared = 27,         // Declared[]
  scopes = 28,           // ScopeSlot[]: scopes.h
  pool_members = 29,     // PoolMember[], one a thread slot: declared.h
};
inline constexpr uint32_t kSectionCount = 30;

struct Section {
  SectionKind kind;
  uint32_t entry_bytes;  // size of one entry
  uint64_t offset;       // from the start of the file; a multiple of 4096
  uint64_t bytes;        // reserved length (sparse)
  std::atomic<uint64_t>
      used;  // entries handed out so far (high-water mark); words for stack_bodies
};
static_assert(sizeof(Section) == 32);

// Loss is data: everything that could not be recorded is counted here, by kind.
struct Lost {
  std::atomic<uint64_t> events;      // ring records that had no ring to go to
  std::atomic<uint64_t> tasks;       // threads without a slot
  std::atomic<uint64_t> coroutines;  // frames without a slot
  std::atomic<uint64_t> stacks;      // stacks that could not be interned
  std::atomic<uint64_t> modules;     // modules without a slot
  std::atomic<uint64_t> held;        // locks held now that did not fit their thread's held set
  std::atomic<uint64_t> waits;       // waits that could not be published
  std::atomic<uint64_t> memory;      // reservations refused (disk full, limits)
  std::atomic<uint64_t> joins;       // joins or detaches whose thread was not known
  std::atomic<uint64_t> fibers;      // fibers without a slot
  std::atomic<uint64_t> blocks;      // heap blocks without a cell
  std::atomic<uint64_t> contention;  // waits that were not added up
  std::atomic<uint64_t> orders;      // lock orders not looked at, or not kept
  std::atomic<uint64_t> processes;   // fork children that could not begin a recording
  std::atomic<uint64_t> labels;      // labels, names and places of co_await that found no room
  std::atomic<uint64_t> references;  // declared roots and held pointers that found no room
};
static_assert(sizeof(Lost) == 128);

struct Counters {
  std::atomic<uint64_t> threads_created;
  std::atomic<uint64_t> threads_ended;
  std::atomic<uint64_t> threads_joined;
  std::atomic<uint64_t> threads_detached;
  // Of threads whose slot was given back; the running ones keep their own counts in their slot.
  std::atomic<uint64_t> coroutines_created_by_gone;
  std::atomic<uint64_t> coroutines_destroyed_by_gone;
  std::atomic<uint64_t> waits_by_gone;
  std::atomic<uint64_t> forks;
  std::atomic<uint64_t>
      untracked_coroutines;  // frames seen only when freed: their site was not learned yet
  std::atomic<uint64_t> fibers_created;
  std::atomic<uint64_t> fibers_gone;
  std::atomic<uint64_t> reserved[5];
};
static_assert(sizeof(Counters) == 128);

enum class ProcessState : uint32_t {
  starting = 0,
  running = 1,
  exiting = 2,  // main returned or exit was called; atexit handlers and static destructors may run
  ended = 3,    // the last thing the tracker saw before the process went
};

enum class EndReason : uint32_t {
  none = 0,  // still running, or ended without a word (signal, SIGKILL)
  main_returned = 1,
  exit_called = 2,
  quick_exit = 3,
  underscore_exit = 4,
  abort_called = 5,
};

// The words by which `track` steers a target. Values of exit_word, a shared futex:
enum ExitWord : uint32_t {
  kExitNone = 0,      // not there yet
  kExitWaiting = 1,   // the target pauses, waits for a reader to take or release it
  kExitTaken = 2,     // a reader looks; the target waits for the release, within hold_limit_ms
  kExitReleased = 3,  // go on
};

struct Control {
  std::atomic<uint32_t> recording;      // 1 = record, 0 = loaded but off
  std::atomic<uint32_t> pause_at_exit;  // 1 = a reader wants to look when the process ends
  std::atomic<int32_t> reader_pid;      // who that is, 0 = nobody; a dead reader is not waited for
  std::atomic<uint32_t> exit_word;
  std::atomic<uint32_t> take_limit_ms;  // longest wait for a reader to take
  std::atomic<uint32_t> hold_limit_ms;  // longest wait for the release once taken
  std::atomic<uint32_t> reserved[10];
};
static_assert(sizeof(Control) == 64);

// What the samples together stand for.
struct HeapEstimate {
  uint64_t period;  // mean distance of samples, bytes; 0 = nothing is sampled
  std::atomic<uint64_t> bytes;
  std::atomic<uint64_t> peak_bytes;  // the most there ever was, and when
  std::atomic<uint64_t> peak_ticks;
};

// Head of a mapping of the tracker's own memory in the target.
struct Arena {
  uint64_t older;  // address of the Arena mapped before this one; 0 = none
  uint64_t bytes;  // of the whole mapping
};

// In the library's own data, for core files, which lack the recording: what of the process's memory
// is the tracker's. Found by its magic, at a multiple of 8.
struct Beacon {
  char magic[16];
  uint64_t arenas;  // as in Header
  uint64_t mapped_at, mapped_bytes;
};
inline constexpr char kBeaconMagic[16] = "track's beacon\n";

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t header_bytes;
  uint64_t file_bytes;
  int32_t pid;
  int32_t parent_pid;
  uint32_t uid;
  uint32_t cpu_count;           // rings in the rings section
  uint64_t start_realtime_ns;   // CLOCK_REALTIME when the recording began
  uint64_t start_monotonic_ns;  // CLOCK_MONOTONIC and the time-stamp counter at the same instant;
  uint64_t start_ticks;         // with the later pair below they convert ticks to time
  std::atomic<uint64_t> later_monotonic_ns;  // refreshed on slow paths; read `later_ticks` twice
  std::atomic<uint64_t> later_ticks;
  std::atomic<ProcessState> state;
  std::atomic<EndReason> end_reason;
  std::atomic<int32_t> exit_code;
  std::atomic<uint32_t> module_generation;  // bumped by every dlopen and dlclose
  std::atomic<uint32_t> next_task;          // thread task ids; 1 is main
  uint32_t fork_parent_task;                // task that called fork, in the parent; 0 = not forked
  uint64_t track_base;                      // where libtrack itself is mapped
  uint64_t track_end;
  uint32_t thread_slot_bytes;
  uint32_t preload_origin;          // 0 LD_PRELOAD or linked, 1 attached
  std::atomic<uint32_t> exit_task;  // thread that ended the process; 0 = not known
  std::atomic<BlocksState> blocks;  // what is kept of heap blocks?
  uint64_t arenas;     // address, in the target, of the word that holds its newest Arena's address
  uint64_t mapped_at;  // where this file is mapped in the target
  Control control;
  Lost lost;
  Counters counters;
  Section sections[kSectionCount];
  char program[256];            // /proc/self/exe
  char command_line[1024];      // arguments joined by NUL, truncated
  char options[1024];           // the program's own, then TRACK_OPTIONS as given
  char exec_program[256];       // what exec was last asked for
  std::atomic<uint32_t> execs;  // calls of exec under way; those that fail are taken back
  HeapEstimate heap;            // with alloc=BYTES
  uint64_t suppressions;        // the program's own: offset into strings, 0 = none
  // In a copy that the program made of its recording (track_dump), else 0: since when it was being
  // made, by CLOCK_MONOTONIC, and when it was whole, by CLOCK_REALTIME.
  uint64_t copy_began_ns, copied_realtime_ns;
};
static_assert(sizeof(Header) <= kHeaderBytes);

}  // namespace track::wire
