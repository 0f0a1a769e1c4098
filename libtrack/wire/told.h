// told.h: coroutines that the program itself tells about (track/coroutine.h), and the places where
// they wait.
#pragma once

#include <atomic>
#include <cstdint>

namespace track::wire {

// The first five as the header counts them.
enum class ToldState : uint8_t {
  unknown = 0,
  initial = 1,
  await = 2,
  yield = 3,
  final = 4,
  running = 5,
};

// One coroutine. frame is written last when it appears and cleared first when it goes; what is told
// of it later, one thread at a time writes. A coroutine whose memory went without its destructor
// stays: its frame no longer looks like one, or another one is told to be there.
struct ToldCoroutine {
  std::atomic<uint64_t> frame;  // 0 = free slot
  uint64_t created_ticks;
  std::atomic<uint64_t> since_ticks;  // suspended; 0 = running
  std::atomic<uint64_t> awaiter;      // frame of who goes on when it ends; 0 = none, or not told
  std::atomic<uint64_t> object;       // it waits for, as ToldWait has it; 0 = none, or not told
  std::atomic<ToldState> state;
  std::atomic<uint8_t> owns;      // objects, as far as it tells
  std::atomic<uint16_t> place;    // where it is suspended, or was last: index + 1; 0 = not known
  std::atomic<uint32_t> resumes;  // so far
  std::atomic<uint32_t> thread;   // task id of who made it, or resumed it last
  uint32_t creator;               // task id
  uint32_t stack;                 // that created it; kToldInTable: the coroutine table has it
  uint32_t labels;                // label set its creator had (labels.h)
};
static_assert(sizeof(ToldCoroutine) == 64);

inline constexpr uint32_t kToldInTable = UINT32_MAX;

// A place in the source, found by its key. The texts end with NUL; of a longer one the end is
// kept. The table's capacity is a power of two.
inline constexpr uint32_t kToldShare = 4;  // of coroutines_max: room for one in so many
inline constexpr uint32_t kToldPlaces = 8192;
static_assert(kToldPlaces <= UINT16_MAX);  // ToldCoroutine::place
inline constexpr uint32_t kPlaceProbes = 64;
struct ToldPlace {
  std::atomic<uint64_t> key;       // 0 = free
  std::atomic<uint32_t> complete;  // 1: the rest is written
  uint32_t line;
  char file[176];
  char function[320];
};
static_assert(sizeof(ToldPlace) == 512);

}  // namespace track::wire
