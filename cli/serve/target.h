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
  int32_t pid = 0;    // 0: no process
  bool live = false;  // may change: a process that runs
};

class Target {
 public:
  Target(TargetName name, const verbs::SymbolSettings& symbols, const verbs::JudgeSettings& judge);

  const TargetName& name() const { return name_; }
  const verbs::SymbolSettings& symbols() const { return symbols_; }
  const verbs::JudgeSettings& judging() const { return judge_; }

  // Begun at `now` or later, or at most so long before. Throws Error: it is gone, not permitted.
  std::shared_ptr<const Look> look(Needs needs, std::chrono::nanoseconds age = {});
  // The last one, however old; null: none yet.
  std::shared_ptr<const Look> last(Needs needs) const;

  // Held while a process is read: one at a time, of all targets.
  static std::unique_lock<std::mutex> reading();
  std::chrono::nanoseconds cost() const;  // processor time of all looks
  void add_cost(std::chrono::nanoseconds cost);

 private:
  std::shared_ptr<Look> take(Needs needs) const;

  TargetName name_;
  verbs::SymbolSettings symbols_;
  verbs::JudgeSettings judge_;
  mutable std::mutex mutex_;
  std::array<std::shared_ptr<const Look>, 4> looks_;
  std::chrono::nanoseconds cost_{};
};

std::chrono::nanoseconds processor_time();

}  // namespace track::serve
