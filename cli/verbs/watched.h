// One recording of a run: watched while its process lives, looked at when it pauses at its end,
// judged when it is gone.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "cli/read/bytes.h"
#include "cli/verbs/exit_watch.h"
#include "cli/verbs/load.h"
#include "cli/verbs/names.h"

namespace track::verbs {

using Clock = std::chrono::steady_clock;

class Watched {
 public:
  // Throws Error when the recording cannot be watched.
  Watched(const std::string& path, pid_t pid, uint64_t born_ns, int event_fd,
          const SymbolSettings& symbols);
  ~Watched();
  Watched(const Watched&) = delete;

  const std::string& path() const { return path_; }
  pid_t pid() const { return pid_; }
  uint64_t born_ns() const { return born_ns_; }
  int pidfd() const { return pidfd_; }
  bool gone() const { return gone_; }
  void set_gone();
  bool judged() const { return judged_; }
  void set_judged() { judged_ = true; }

  // It waits at its end and nobody has looked yet.
  bool waiting() const { return watch_ && watch_->taken() && !released_; }
  // Looks, settles, lets go. Never throws: what cannot be read is judged from the final record.
  void look_and_release(std::chrono::nanoseconds settle);
  std::optional<Clock::time_point> released() const { return released_; }

  // How it stands now, while it lives.
  Loaded judge_now();
  // From its last record, and what was seen at the pause. status: of waitpid, or -1.
  Loaded judge_finally(int status);

 private:
  void remember(const Trace& trace);
  void apply_facts(Trace& trace) const;
  void apply_fiber_facts(Trace& trace) const;
  void apply_coroutine_facts(Trace& trace, Names& names) const;

  std::string path_;
  pid_t pid_;
  uint64_t born_ns_;
  int pidfd_ = -1;
  bool gone_ = false;
  bool judged_ = false;
  uint64_t gone_ns_ = 0;  // by our clock
  int64_t ahead_ns_ = 0;  // its own clock of ours: a time namespace
  read::Bytes bytes_;     // open: the file may be removed while the process runs
  const SymbolSettings& symbols_;
  std::unique_ptr<ExitWatch> watch_;
  std::optional<Clock::time_point> released_;
  Fixpoint fixpoint_;           // taken with facts_
  std::optional<Trace> facts_;  // the last look at the living process
};

}  // namespace track::verbs
