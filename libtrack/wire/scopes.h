// scopes.h: the scopes that a program opens (include/track/track.h): what is started in one is to
// be finished when it ends. A task's scope is a label of it, kScopeKey = the slot's number in
// decimal, and so is inherited as labels are.
#pragma once

#include <atomic>
#include <cstdint>

namespace track::wire {

enum class ScopeState : uint32_t {
  free = 0,
  claimed = 1,  // being written
  open = 2,
  ended = 3,
  sought = 4,  // ended, and its slot is free as soon as no task with its label is found
};

// A slot is used again when its scope has ended and no task has its label any more; so a label
// means the scope that is in the slot. Slot 0 is never used.
struct ScopeSlot {
  std::atomic<ScopeState> state;     // written last when it appears
  std::atomic<uint32_t> generation;  // of scopes in this slot; its low 17 bits are never 0
  std::atomic<uint32_t> name;        // index of a label text; 0 = none
  std::atomic<uint32_t> parent;      // slot of the scope that it was opened in; 0 = none
  std::atomic<uint32_t> opener;      // task id of the thread
  std::atomic<uint32_t> ender;
  std::atomic<uint64_t> opened_ticks;
  std::atomic<uint64_t> ended_ticks;
  std::atomic<uint32_t> stack;  // where it was opened
  uint32_t reserved[5];
};
static_assert(sizeof(ScopeSlot) == 64);

inline constexpr uint32_t kScopeSlots = 1024;
inline constexpr const char* kScopeKey = "track.scope";

}  // namespace track::wire
