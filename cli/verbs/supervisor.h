// Runs one command under libtrack and follows every process of it that records, until they are
// gone: pauses at their ends, timeout, signals, and the order of reports. Sleeps in poll(); woken
// by process descriptors, inotify on the session's directory, exit watches, signals and one timer.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/verbs/child.h"
#include "cli/verbs/places.h"
#include "cli/verbs/watched.h"

namespace track::verbs {

struct SupervisorSettings {
  ChildSettings child;
  SymbolSettings symbols;
  std::chrono::nanoseconds settle = std::chrono::milliseconds(500);
  std::chrono::nanoseconds timeout{0};  // 0 = none
  std::vector<int> timeout_signals;     // that say the same, whoever sends them
};

struct Outcome {
  std::vector<Loaded> processes;  // the root process first
  int status = 0;                 // of the root process, as of waitpid
  bool root_recorded = false;
  bool end_unseen = false;  // the root process exited, and its record does not reach that far
  bool timed_out = false;
  int timeout_signal = 0;      // which said so; 0 = --timeout did
  CleanProcesses clean;        // others, clean and complete, that are not in `processes`
  uint64_t cut_short = 0;      // of all, those that ended without a word
  uint64_t still_running = 0;  // processes of the run that outlive it
};

class Supervisor {
 public:
  // interim: prints a report of processes that still run, under a heading.
  using Interim = std::function<void(std::vector<Loaded>, const std::string& heading)>;
  // hang: says of these processes what they wait for, before they are ended. signal: as above.
  using Hang = std::function<void(const std::vector<pid_t>&, int signal)>;

  Supervisor(Session& session, const SupervisorSettings& settings, Interim interim, Hang hang);
  ~Supervisor();
  Outcome run();

 private:
  void loop();
  void discover();
  void look_at_waiting();
  void reap();
  void take_signals();
  void at_deadline();
  bool says_time_is_up(const SignalDescriptor::Signal& signal) const;
  void end_hanging(int signal);
  std::vector<Loaded> judge_running(const std::string& note);
  void judge_gone(Watched& watched);
  void find_strays();
  bool of_this_run(pid_t pid) const;
  int wait_ms() const;
  bool root_gone() const { return root_status_ != -1; }
  bool finished();

  Session& session_;
  SupervisorSettings settings_;
  Interim interim_;
  Hang hang_;
  SignalDescriptor signals_;
  int inotify_ = -1;
  int events_ = -1;
  Child root_;
  int root_status_ = -1;
  std::map<std::string, std::unique_ptr<Watched>> watched_;  // by path
  std::vector<Loaded> judged_;                               // of processes that are gone
  Outcome outcome_;
  std::map<std::string, unsigned> unborn_;  // files without a header, and looks at them
  std::map<pid_t, int> strays_;  // that the root process leaves, and that record nothing yet
  std::optional<Clock::time_point> timeout_at_, kill_at_, linger_until_;
  bool told_hanging_ = false;
};

}  // namespace track::verbs
