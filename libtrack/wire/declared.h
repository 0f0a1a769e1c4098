// declared.h: what a program says of its threads and objects beyond labels (include/track/track.h):
// names, marks. Texts are those of labels.h.
#pragma once

#include <atomic>
#include <cstdint>

namespace track::wire {

enum ToldFlags : uint32_t {
  kToldLongLived = 1,  // expected to live long: its being there is no leak
};

// Of a thread: entry i belongs to slot i of the threads. Written by that thread only; `task` last
// when it takes over from an earlier thread of the slot, whose words are cleared before.
struct ToldThread {
  std::atomic<uint32_t> task;  // whose words these are; another one than the slot's: nothing told
  std::atomic<uint32_t> flags;
  std::atomic<uint32_t> name;  // index of a label text; 0 = none
  uint32_t reserved[13];
};
static_assert(sizeof(ToldThread) == 64);

enum class DeclaredSort : uint32_t {
  none = 0,
  lock = 1,       // address of a lock, or of whatever else is waited for
  coroutine = 2,  // address of the frame
  fiber = 3,      // end of the stack
};

// Something at an address: open addressing without order, within kDeclaredProbes entries from where
// the address belongs. A coroutine or fiber that was made after `ticks` is another one at the same
// place. When the same is told twice at once there may be two entries: the later one is right.
struct Declared {
  std::atomic<uint64_t> address;  // written last, cleared first; kDeclaredClaimed = being written
  std::atomic<uint64_t> ticks;    // when it was told
  std::atomic<uint32_t> sort;     // DeclaredSort
  std::atomic<uint32_t> flags;    // ToldFlags
  std::atomic<uint32_t> name;     // index of a label text; 0 = none
  uint32_t task;                  // who told it
  uint64_t reserved[4];
};
static_assert(sizeof(Declared) == 64);
inline constexpr uint64_t kDeclaredClaimed = 1;
inline constexpr uint64_t kDeclaredSlots = 1 << 14;
inline constexpr uint64_t kDeclaredProbes = 64;

// Where an address belongs; things of one object lie near each other.
constexpr uint64_t declared_place(uint64_t address, uint64_t capacity) {
  return capacity == 0 ? 0 : (address * 0x9e3779b97f4a7c15u >> 32) % capacity;
}

}  // namespace track::wire
