#include "cli/verbs/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "cli/analyze/judge.h"
#include "cli/model/error.h"
#include "cli/process/locate.h"
#include "cli/process/proc.h"
#include "cli/read/recording.h"

namespace track::verbs {
namespace {

constexpr auto kHanging = std::chrono::seconds(3);  // from an end that does not end
constexpr auto kUntilKill = std::chrono::seconds(2);
// By CTest's signal: it ends `track` itself a second after that, by default.
constexpr auto kWithinGrace = std::chrono::milliseconds(500);
constexpr auto kLinger = std::chrono::seconds(1);  // for what the root process leaves running
constexpr unsigned kMostLooks = 2000;  // a millisecond each, at a file that nobody goes on with
constexpr uint64_t kToldCutShort = 16;

// The process has come so far that it maps its file; and that has called exec since.
struct Head {
  bool begun = false, executed = false;
  // CLOCK_MONOTONIC. Which of a process's programs came first; the numbers of their files do not
  // tell: that of one which was judged and removed is free again.
  uint64_t born_ns = UINT64_MAX;
};
Head head_of(const std::string& path) {
  alignas(wire::Header) char bytes[sizeof(wire::Header)] = {};
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return {};
  const bool whole = ::read(fd, bytes, sizeof bytes) == sizeof bytes;
  close(fd);
  const auto& header = *reinterpret_cast<const wire::Header*>(bytes);
  const bool begun = whole && std::memcmp(header.magic, wire::kMagic, sizeof header.magic) == 0;
  return {begun, header.execs.load() != 0, begun ? header.start_monotonic_ns : UINT64_MAX};
}

// A process that was killed, or left by a system call of its own.
bool ended_wordless(const Trace& trace) {
  return trace.gone && !trace.superseded &&
         (trace.end == ProcessEnd::unknown || trace.end == ProcessEnd::aborted);
}

bool clean(const Loaded& loaded) {
  const Trace& trace = loaded.report.trace;
  if (!trace.complete() || !trace.executed.empty() || !loaded.deadlocks.findings.empty())
    return false;
  return analyze::judge(trace, loaded.report.symbols, {}, loaded.fixpoint).empty();
}

}  // namespace

Supervisor::Supervisor(Session& session, const SupervisorSettings& settings, Interim interim,
                       Hang hang)
    : session_(session), settings_(settings), interim_(std::move(interim)), hang_(std::move(hang)) {
  inotify_ = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  events_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (inotify_ < 0 || events_ < 0 ||
      inotify_add_watch(inotify_, session.path().c_str(), IN_CREATE | IN_MODIFY | IN_MOVED_TO) < 0)
    throw Error("cannot watch " + session.path() + ": " + std::strerror(errno));
}

Supervisor::~Supervisor() {
  watched_.clear();
  close(inotify_);
  close(events_);
  for (const auto& [pid, pidfd] : strays_) close(pidfd);
  if (root_.pidfd >= 0) close(root_.pidfd);
}

Outcome Supervisor::run() {
  root_ = start_child(settings_.child);
  if (settings_.timeout.count() != 0) timeout_at_ = Clock::now() + settings_.timeout;
  while (!finished()) loop();
  discover();
  for (const auto& [path, watched] : watched_) {
    outcome_.still_running += !watched->gone();
    judge_gone(*watched);
  }
  outcome_.still_running += strays_.size();
  outcome_.status = root_status_;
  if (outcome_.processes.empty()) outcome_.processes = std::move(judged_);
  std::stable_sort(outcome_.processes.begin(), outcome_.processes.end(),
                   [&](const Loaded& a, const Loaded& b) {
                     return (a.report.trace.pid == root_.pid) > (b.report.trace.pid == root_.pid);
                   });
  return std::move(outcome_);
}

// Processes that the root process leaves may record from their first wait or thread on.
void Supervisor::find_strays() {
  for (const pid_t pid : process::processes_with(session_.path())) {
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (pidfd >= 0) strays_.emplace(pid, pidfd);
  }
}

bool Supervisor::finished() {
  if (!root_gone()) return false;
  std::erase_if(strays_, [&](const auto& stray) {
    pollfd ended{stray.second, POLLIN, 0};
    const bool known = std::any_of(watched_.begin(), watched_.end(), [&](const auto& entry) {
      return entry.second->pid() == stray.first;
    });
    if (!known && poll(&ended, 1, 0) == 0) return false;
    close(stray.second);
    return true;
  });
  const bool others = std::any_of(watched_.begin(), watched_.end(),
                                  [](const auto& entry) { return !entry.second->gone(); });
  return (!others && strays_.empty()) || (linger_until_ && Clock::now() >= *linger_until_);
}

int Supervisor::wait_ms() const {
  std::optional<Clock::time_point> next;
  const auto consider = [&](const std::optional<Clock::time_point>& at) {
    if (at && (!next || *at < *next)) next = at;
  };
  consider(timeout_at_);
  consider(kill_at_);
  consider(linger_until_);
  if (!unborn_.empty()) consider(Clock::now() + std::chrono::milliseconds(1));
  if (!told_hanging_)
    for (const auto& [path, watched] : watched_)
      if (watched->pid() == root_.pid && !watched->gone() && watched->released())
        consider(*watched->released() + kHanging);
  if (!next) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 3'600'000));
}

void Supervisor::loop() {
  std::vector<pollfd> polled = {
      {signals_.fd(), POLLIN, 0}, {inotify_, POLLIN, 0}, {events_, POLLIN, 0}};
  if (!root_gone()) polled.push_back({root_.pidfd, POLLIN, 0});
  for (const auto& [path, watched] : watched_)
    if (!watched->gone() && watched->pid() != root_.pid)
      polled.push_back({watched->pidfd(), POLLIN, 0});
  for (const auto& [pid, pidfd] : strays_) polled.push_back({pidfd, POLLIN, 0});
  if (poll(polled.data(), polled.size(), wait_ms()) < 0 && errno != EINTR)
    throw Error(std::string("poll failed: ") + std::strerror(errno));
  uint64_t count = 0;
  while (::read(events_, &count, sizeof count) > 0) {
  }
  take_signals();
  discover();
  look_at_waiting();
  reap();
  at_deadline();
}

void Supervisor::discover() {
  char buffer[16384];
  while (::read(inotify_, buffer, sizeof buffer) > 0) {
  }
  std::vector<read::RecordingFile> files;
  try {
    files = read::list_recordings(session_.path());
  } catch (const Error&) {
    return;  // somebody emptied the directory; what is watched already is open
  }
  for (const read::RecordingFile& file : files) {
    if (watched_.count(file.path) != 0) continue;
    const Head head = head_of(file.path);
    const bool given_up = unborn_.count(file.path) != 0 && unborn_[file.path] >= kMostLooks;
    if (!head.begun && (given_up || process::exists(file.pid))) {
      if (!given_up) ++unborn_[file.path];
      continue;
    }
    unborn_.erase(file.path);
    const pid_t writer = process::writer_of(file.path, file.pid);
    try {
      auto& watched = watched_[file.path];
      watched = std::make_unique<Watched>(file.path, writer != 0 ? writer : file.pid, head.born_ns,
                                          events_, settings_.symbols);
      // Whoever has that number here need not be the one: it may be of another namespace.
      if (writer == 0 && !head.executed) watched->set_gone();
    } catch (const Error&) {
      watched_.erase(file.path);
      continue;  // removed meanwhile: a process that ended cleanly and kept nothing
    }
    Watched& begun = *watched_.at(file.path);
    // An earlier image of that process has been replaced: nobody will finish its record.
    for (const auto& [path, other] : watched_) {
      if (other->pid() != begun.pid()) continue;
      if (other->born_ns() < begun.born_ns()) other->set_gone();
      if (other->born_ns() > begun.born_ns()) begun.set_gone();
    }
  }
}

void Supervisor::look_at_waiting() {
  for (const auto& [path, watched] : watched_)
    if (watched->waiting()) watched->look_and_release(settings_.settle);
}

void Supervisor::reap() {
  if (!root_gone()) {
    int status = 0;
    if (waitpid(root_.pid, &status, WNOHANG) == root_.pid) {
      root_status_ = status;
      discover();
      for (const auto& [path, watched] : watched_)
        if (watched->pid() == root_.pid) watched->set_gone();
      linger_until_ = Clock::now() + kLinger;
      find_strays();
      if (outcome_.timed_out)
        for (const auto& [path, watched] : watched_)
          if (!watched->gone() && process::writer_of(path, watched->pid()) == watched->pid())
            kill(watched->pid(), SIGTERM);
    }
  }
  std::vector<std::string> done;
  for (const auto& [path, watched] : watched_) {
    if (!watched->gone()) {
      pollfd ended{watched->pidfd(), POLLIN, 0};
      if (poll(&ended, 1, 0) > 0) watched->set_gone();
    }
    // Many short processes must not pile up: what is clean is counted and forgotten.
    if (watched->gone() && watched->pid() != root_.pid) done.push_back(path);
  }
  // Of a process that is over every file is there: also that of a program which it executed, and
  // which came and went since we last looked.
  if (!done.empty()) discover();
  // The last of a process's programs is what tells that the others were replaced.
  std::sort(done.begin(), done.end(), [&](const std::string& a, const std::string& b) {
    return watched_.at(a)->born_ns() < watched_.at(b)->born_ns();
  });
  for (const std::string& path : done) {
    judge_gone(*watched_.at(path));
    if (!session_.kept())
      unlink(path.c_str());
    else
      continue;
    watched_.erase(path);
  }
}

void Supervisor::judge_gone(Watched& watched) {
  if (watched.judged()) return;
  watched.set_judged();
  const bool root = watched.pid() == root_.pid;
  const bool replaced = std::any_of(watched_.begin(), watched_.end(), [&](const auto& entry) {
    return entry.second->pid() == watched.pid() && entry.second->born_ns() > watched.born_ns();
  });
  try {
    Loaded loaded = watched.judge_finally(root && !replaced ? root_status_ : -1);
    if (replaced) {
      loaded.report.trace.superseded = true;
      loaded.report.trace.executed.clear();  // it was tracked
    }
    if (root) outcome_.root_recorded = true;
    if (!watched.gone()) {
      loaded.report.trace.end = ProcessEnd::alive;
      loaded.report.note = "still running when the command had ended";
    }
    const bool wordless = !root && !replaced && ended_wordless(loaded.report.trace);
    outcome_.cut_short += wordless;
    if (replaced) return;
    if (!root && clean(loaded) && !(wordless && outcome_.cut_short <= kToldCutShort)) {
      outcome_.clean.add(loaded.report.trace);
      return;
    }
    if (root) outcome_.end_unseen = loaded.report.trace.end == ProcessEnd::unseen;
    judged_.push_back(std::move(loaded));
  } catch (const Error& error) {
    if (!root) return;
    Loaded loaded;
    loaded.report.trace.pid = watched.pid();
    loaded.report.trace.gone = true;
    loaded.report.trace.warnings.emplace_back(error.what());
    judged_.push_back(std::move(loaded));
    outcome_.root_recorded = true;
  }
}

std::vector<Loaded> Supervisor::judge_running(const std::string& note) {
  std::vector<Loaded> result;
  for (const auto& [path, watched] : watched_) {
    if (watched->gone()) continue;
    try {
      result.push_back(watched->judge_now());
      result.back().report.note = note;
    } catch (const Error&) {
      continue;  // it went meanwhile, and is judged as gone
    }
  }
  return result;
}

bool Supervisor::of_this_run(pid_t pid) const {
  constexpr int kMostAncestors = 64;
  for (int n = 0; n < kMostAncestors && pid > 1; ++n) {
    if (pid == root_.pid) return true;
    for (const auto& [path, watched] : watched_)
      if (watched->pid() == pid && !watched->gone()) return true;
    pid = static_cast<pid_t>(std::atoi(process::status_field(pid, "PPid").c_str()));
  }
  return false;
}

void Supervisor::take_signals() {
  for (;;) {
    const SignalDescriptor::Signal signal = signals_.next();
    if (signal.number == 0) return;
    if (!root_gone() && !outcome_.timed_out && says_time_is_up(signal)) {
      end_hanging(signal.number);
      continue;
    }
    // What the terminal sends reaches the program too; we wait for what it makes of it.
    // So does what one of its processes sends to its group, of which we are.
    if (signal.number != SIGQUIT && !signal.from_terminal && !of_this_run(signal.sender))
      kill(root_.pid, signal.number);
    if (signal.number == SIGQUIT) interim_(judge_running("it runs on"), "asked by SIGQUIT");
  }
}

// CTest's TIMEOUT_SIGNAL_NAME: it sends no other signal to a test, and what the terminal sends does
// not come from it.
bool Supervisor::says_time_is_up(const SignalDescriptor::Signal& signal) const {
  const auto& named = settings_.timeout_signals;
  if (std::find(named.begin(), named.end(), signal.number) != named.end()) return true;
  return !signal.from_terminal && signal.number != SIGHUP && signal.sender == getppid() &&
         process::status_field(signal.sender, "Name") == "ctest";
}

void Supervisor::end_hanging(int signal) {
  timeout_at_.reset();
  outcome_.timed_out = true;
  outcome_.timeout_signal = signal;
  discover();  // also what began to record just now
  std::vector<pid_t> running{root_.pid};
  for (const auto& [path, watched] : watched_)
    if (!watched->gone() && watched->pid() != root_.pid) running.push_back(watched->pid());
  hang_(running, signal);
  outcome_.processes = judge_running("");
  for (Loaded& loaded : outcome_.processes) {
    outcome_.root_recorded |= loaded.report.trace.pid == root_.pid;
    if (loaded.report.trace.end == ProcessEnd::alive)
      loaded.report.trace.end = ProcessEnd::timed_out;
  }
  kill(root_.pid, signal != 0 ? signal : SIGTERM);
  kill_at_ = Clock::now() + (signal != 0 ? kWithinGrace : kUntilKill);
}

void Supervisor::at_deadline() {
  const Clock::time_point now = Clock::now();
  if (root_gone()) return;
  if (timeout_at_ && now >= *timeout_at_) end_hanging(0);
  if (kill_at_ && now >= *kill_at_) {
    kill_at_.reset();
    kill(root_.pid, SIGKILL);
  }
  if (told_hanging_) return;
  for (const auto& [path, watched] : watched_) {
    if (watched->pid() != root_.pid || watched->gone() || !watched->released() ||
        now < *watched->released() + kHanging)
      continue;
    told_hanging_ = true;
    interim_(judge_running("it has begun to exit, and has not ended 3 s later"),
             "the program hangs in its exit handlers or static destructors");
    return;
  }
}

}  // namespace track::verbs
