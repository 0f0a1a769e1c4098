// Looks at a recorded process again and again while it is watched: how many coroutines, how much
// memory, and how long each thread waited for a CPU.
#pragma once

#include <sys/types.h>

#include <chrono>

#include "cli/model/history.h"
#include "cli/read/bytes.h"

namespace track::verbs {

class LevelWatch {
 public:
  LevelWatch(pid_t pid, read::Bytes bytes);
  // Leaves looks out where they took long: no more than a twentieth of the time is spent on them.
  void look();
  void into(History& history) const;

 private:
  using Clock = std::chrono::steady_clock;

  pid_t pid_;
  read::Bytes bytes_;
  bool schedules_;
  Clock::time_point next_;
  History seen_;
};

}  // namespace track::verbs
