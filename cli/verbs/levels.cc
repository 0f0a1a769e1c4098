#include "cli/verbs/levels.h"

#include "cli/process/proc.h"
#include "cli/process/schedule.h"
#include "cli/read/recording.h"

namespace track::verbs {
namespace {

constexpr int kShare = 20;
constexpr size_t kMostLevels = 1 << 20;  // of all threads together

}  // namespace

LevelWatch::LevelWatch(pid_t pid, read::Bytes bytes)
    : pid_(pid), bytes_(std::move(bytes)), schedules_(process::same_pid_namespace(pid)) {}

void LevelWatch::look() {
  const auto begin = Clock::now();
  if (begin < next_) return;
  const Level level = read::read_level(bytes_);
  if (level.ns == 0) return;
  seen_.levels.push_back(level);
  if (schedules_ && seen_.schedule.size() < kMostLevels) {
    const std::vector<ScheduleLevel> more = process::schedule_levels(pid_, level.ns);
    seen_.schedule.insert(seen_.schedule.end(), more.begin(), more.end());
  }
  const auto end = Clock::now();
  next_ = end + kShare * (end - begin);
}

void LevelWatch::into(History& history) const {
  history.levels = seen_.levels;
  history.schedule = seen_.schedule;
}

}  // namespace track::verbs
