// recording.h: the mapped file this process writes (wire/recording.h says what lies where).
//
// open_recording() is called once, from the library's constructor; everything else may be called
// by any thread and from signal handlers. Until start_threads(), the last step of the start, and
// when anything failed, recording_on() is false and every hook does nothing but the real call:
// constructors that ran before ours may have started threads.
//
// Trust: the file may be written by others, a reader that goes wrong or somebody's dd. Nothing that
// is read back from it decides where we write, how far we loop, or what the target runs: the
// directory of sections is kept here a second time, indexes and counts are bounded where they are
// read.
//
// Space: the file is sparse; reserve() must be asked before a page is touched for the first time.
// It asks the kernel to reserve it (MADV_POPULATE_WRITE), which fails where a touch would raise
// SIGBUS. Refusals are counted in the header.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "libtrack/wire/contention.h"
#include "libtrack/wire/recording.h"
#include "libtrack/wire/tables.h"

namespace track::core {

// Where a section lies in the file.
struct Place {
  uint64_t offset, bytes;
};

// Process-wide addresses, fixed once the recording is open.
struct alignas(64) Recording {
  char* base;
  wire::Header* header;
  wire::ThreadSlot* threads;
  wire::CoroutineSlot* coroutines;
  wire::Site* sites;
  wire::ContentionSlot* contention;
  uint64_t bytes;
  wire::ModuleSlot* modules;
  wire::FiberSlot* fibers;
  char* strings;
  char path[768];                  // of the file; empty when the mapping has none
  int32_t pid;                     // whose recording it is
  uint64_t track_base, track_end;  // where libtrack itself is mapped
  Place places[wire::kSectionCount];
};
extern Recording recording;

// The kernel empties this page in every child that gets a copy of our memory (MADV_WIPEONFORK),
// however it was made: fork, clone, a raw system call. So a child can write nothing to its parent's
// recording before, and unless, in_fork_child() has given it one of its own.
struct alignas(4096) WipedInChildren {
  std::atomic<bool> on;
  std::atomic<bool> ours;
  // Ours, capture/locks.h knows libc's plain mutex, and holds leave no events, or (locks=all) do.
  std::atomic<bool> plain_locks, recorded_locks;
  std::atomic<bool> silent_locks;  // ours, and no hold of any lock leaves an event
  // Entries of the coroutine table that are not known to be frames; kEverTracked once there was one
  // that is. 0: no block's end needs to be looked at.
  std::atomic<uint32_t> tracked_blocks;
};
extern WipedInChildren wiped_in_children;
inline constexpr uint32_t kEverTracked = 1u << 31;
inline constexpr std::atomic<bool>& recording_is_on = wiped_in_children.on;

// Locks are followed no more, as in a child.
void let_locks_go_unseen();

// Is there a recording, and is it this process's?
inline bool recording_is_ours() {
  return wiped_in_children.ours.load(std::memory_order_relaxed);
}

inline bool recording_on() {
  return recording_is_on.load(std::memory_order_relaxed);
}

// False: nothing will be recorded, and why is nowhere to be told but by the missing file.
// own_options: the program's (track_default_options), which the environment goes before; or null.
bool open_recording(const char* const* environment, const char* own_options = nullptr);
// What the environment said, as the header has it.
const char* given_options();

// For a file that is given its place later on (recording_copy.h).
uint64_t file_size_limit();
// Holes are not to be read ahead: it would cost the target 32 zeroed pages at every first touch.
void advise_of_pages(void* p, uint64_t bytes, int fd);
// Readers take a file without the magic for one that is still being born.
void write_magic();

// Does anybody want the file after a clean end? A reader that pauses us, or option `keep`.
bool recording_wanted();
// Removes the file: a clean end that nobody wants to look at.
void remove_recording();

inline const Place& place_of(wire::SectionKind kind) {
  return recording.places[static_cast<uint32_t>(kind)];
}
template <class T>
T* section_start(wire::SectionKind kind) {
  return reinterpret_cast<T*>(recording.base + place_of(kind).offset);
}
template <class T>
uint64_t section_capacity(wire::SectionKind kind) {
  return place_of(kind).bytes / sizeof(T);
}
// Entries handed out so far, as readers see it.
std::atomic<uint64_t>& section_used(wire::SectionKind kind);
// The same for whoever walks through them: never more than there is room for.
template <class T>
uint64_t entries_used(wire::SectionKind kind) {
  const uint64_t used = section_used(kind).load(std::memory_order_acquire);
  const uint64_t capacity = section_capacity<T>(kind);
  return used < capacity ? used : capacity;
}

// Asks the kernel for whole pages of the file: safe to touch from then on. False: do not.
bool populate(const void* at, size_t bytes);

// Makes [at, at + bytes) safe to touch. False: counted as lost memory, do not touch. Not for the
// blocks, which keep their own account (block_table.h).
bool reserve_slow(const void* at, size_t bytes);
extern uint8_t* reserved_pages;  // one byte a page before the blocks: 1 = reserved

inline bool reserve(const void* at, size_t bytes) {
  const auto first = static_cast<uint64_t>(static_cast<const char*>(at) - recording.base) >> 12;
  const auto last =
      static_cast<uint64_t>(static_cast<const char*>(at) + bytes - 1 - recording.base) >> 12;
  for (uint64_t page = first; page <= last; ++page)
    if (__builtin_expect(__atomic_load_n(&reserved_pages[page], __ATOMIC_RELAXED) == 0, 0))
      return reserve_slow(at, bytes);
  return true;
}

inline bool is_reserved(const void* at) {
  return reserved_pages[static_cast<uint64_t>(static_cast<const char*>(at) - recording.base) >> 12];
}

inline wire::Lost& lost() {
  return recording.header->lost;
}
inline wire::Counters& counters() {
  return recording.header->counters;
}
inline void count(std::atomic<uint64_t>& counter, uint64_t n = 1) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

// Refreshes the header's second clock pair; called on slow paths, at most a few times a second.
void refresh_clock(uint64_t now_ticks);

}  // namespace track::core
