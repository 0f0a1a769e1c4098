// One process, recording or file that is served. What was read of it is shared by all who ask, and
// nothing is read while nobody asks; the process is never stopped for it.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cli/model/loaded.h"
#include "cli/model/report.h"
#include "cli/verbs/name_cache.h"
#include "cli/verbs/settings.h"

namespace track::serve {

using Clock = std::chrono::steady_clock;

// What a look is for: the more, the longer it takes.
enum class Needs : uint8_t { tasks, memory, waits, findings };

struct Look {
  Clock::time_point began;
  std::chrono::nanoseconds cost{};     // processor time
  std::vector<Loaded> processes;       // Needs::findings: judged
  std::string leaks_json, waits_json;  // Needs::findings: as in a view bundle
};

// "it ended: killed", of a process that was looked at; empty: all of them live.
std::string end_of(const Look& look);

struct TargetName {
  std::string id;      // in URLs: a pid, or a file's name
  std::string target;  // as on the command line
  std::string program;
  int32_t pid = 0;        // 0: no process
  bool live = false;      // may change: a process that runs
  std::string recording;  // that may stay when the process has ended; empty: none, unknown
};
// It is live, and has not ended since.
bool runs(const TargetName& name);
std::string how_it_ended(const TargetName& name);  // for people: where its recording is

class Target {
 public:
  Target(TargetName name, const verbs::SymbolSettings& symbols, const verbs::JudgeSettings& judge);

  const TargetName& name() const { return name_; }
  const verbs::SymbolSettings& symbols() const { return symbols_; }
  const verbs::JudgeSettings& judging() const { return judge_; }

  // Begun at `now` or later, or at most so long before. Throws Error: it is gone, not permitted.
  std::shared_ptr<const Look> look(Needs needs, std::chrono::nanoseconds age = {});
  // What the last one took; 0: none yet.
  std::chrono::nanoseconds last_cost(Needs needs) const;
  uint64_t looks_taken(Needs needs) const;
  bool keeps(Needs needs) const;

  // Looks that nobody has asked for in a while, and names.
  void forget_unused(Clock::time_point now = Clock::now());
  // While one reads it: its names, from look to look.
  verbs::NameCache& names() { return names_; }

  // Held while a process is read: one at a time, of all targets.
  static std::unique_lock<std::mutex> reading();
  std::chrono::nanoseconds cost() const;  // processor time of all looks
  void add_cost(std::chrono::nanoseconds cost);

 private:
  struct Kept {
    std::shared_ptr<const Look> look;
    Clock::time_point used;
    std::chrono::nanoseconds cost{};
    uint64_t taken = 0;
  };

  std::shared_ptr<Look> take(Needs needs);

  TargetName name_;
  verbs::SymbolSettings symbols_;
  verbs::JudgeSettings judge_;
  mutable std::mutex mutex_;
  std::array<Kept, 4> looks_;
  verbs::NameCache names_;
  std::chrono::nanoseconds cost_{};
};

std::chrono::nanoseconds processor_time();

}  // namespace track::serve
