// The rings of a recording: what happened lately. Writers overwrite them; read again and again
// while the process runs, nothing is missed unless a ring goes round in between.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <vector>

#include "cli/model/trace.h"
#include "cli/read/bytes.h"
#include "libtrack/wire/ring.h"

namespace track::read {

class RingTape {
 public:
  // How many events are kept in all; what comes later counts as overwritten.
  static constexpr size_t kMostEvents = size_t{1} << 22;

  explicit RingTape(Bytes bytes, size_t most_events = kMostEvents);

  // Adds what is new since the last call.
  void read();
  // Reads again and again for so long; ends early when the bytes can no longer be read (the process
  // is gone), or when `stop` becomes true. look: called after each reading.
  void watch(std::chrono::nanoseconds time, const std::atomic<bool>& stop,
             const std::function<void()>& look = {});

  // What was read, as the history of `trace`, which is one of the same recording: the events'
  // stacks are added to it.
  void into(Trace& trace) const;

 private:
  bool read_ring(size_t index);

  Bytes bytes_;
  size_t most_events_;
  uint64_t rings_at_ = 0;
  std::vector<uint64_t> next_;  // of each ring: number of the first event not read yet
  std::vector<wire::Event> events_;
  uint64_t overwritten_ = 0, unreadable_ = 0;
  uint64_t complete_since_ = 0;  // ticks
};

}  // namespace track::read
