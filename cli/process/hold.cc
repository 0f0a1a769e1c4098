#include "cli/process/hold.h"

#include <elf.h>
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <future>
#include <map>
#include <optional>
#include <thread>

#include "cli/model/error.h"
#include "cli/process/live_image.h"
#include "cli/process/live_memory.h"
#include "cli/process/permission.h"
#include "cli/process/proc.h"
#include "cli/process/registers.h"
#include "cli/process/restart.h"
#include "cli/process/short_call.h"
#include "cli/process/urgency.h"

namespace track::process {
namespace {

using Clock = std::chrono::steady_clock;

// For a thread to stop: it may sit in the kernel where nothing interrupts it.
constexpr auto kPatience = std::chrono::milliseconds(500);
constexpr auto kShortNap = std::chrono::microseconds(50);

constexpr size_t kMostState = 16384;  // of a thread's vector registers

}  // namespace

namespace {

bool is_lost_wake(pid_t pid, const SystemCall& call) {
  if (call.number != SYS_futex) return false;
  const auto command = static_cast<int>(call.arguments[1]) & FUTEX_CMD_MASK;
  if (command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET) return false;
  uint32_t word = 0;
  if (LiveMemory(pid).read_some(call.arguments[0], &word, sizeof word) != sizeof word) return false;
  // pthread_join: the kernel clears the word of a thread that ends and wakes afterwards, at a time
  // when that thread cannot be held any more.
  const auto options = static_cast<int>(call.arguments[1]);
  if (word == 0 && (options & FUTEX_PRIVATE_FLAG) == 0) return false;
  return word != static_cast<uint32_t>(call.arguments[2]);
}

}  // namespace

bool stop_would_end(pid_t pid, const SystemCall& call) {
  if (call.state != SystemCall::State::waiting) return false;
  ImageThread thread;
  apply_system_call(call, thread);
  return is_lost_wake(pid, call) || may_be_half_done(pid, thread);
}

namespace {

struct Tracee {
  // Asleep: not to be interrupted, and with all others held nobody can wake it.
  enum class State { seized, asleep, held, gone } state = State::seized;
  int signal = 0;  // to be delivered when it is let go
  bool interrupted = false;
  std::optional<ShortCall> cut_short = {};
  ImageThread thread;
};

constexpr int kMostLists = 8;

class Tracer {
 public:
  explicit Tracer(pid_t pid) : pid_(pid) {}

  void hold_all() {
    seize_new();
    if (tracees_.empty()) throw Error(subject() + " ended while it was looked at");
    began_ = Clock::now();
    // Threads are born until the last one that could bear one stands still.
    do {
      for (auto& [tid, tracee] : tracees_)
        if (tracee.state == Tracee::State::seized && ptrace(PTRACE_INTERRUPT, tid, 0, 0) != 0)
          tracee.state = Tracee::State::gone;
      wait_for_stops();
    } while (seize_new() + interrupt_woken() != 0 || thread_ids_moved());
  }

  std::vector<HeldThread> held() const {
    std::vector<HeldThread> result;
    for (const auto& [tid, tracee] : tracees_)
      if (tracee.state == Tracee::State::held || tracee.state == Tracee::State::asleep)
        result.push_back({&tracee.thread, tracee.interrupted && !tracee.cut_short});
    return result;
  }

  void release(Hold& hold) {
    hold.complete = !unsettled_;
    if (unsettled_)
      hold.missing.emplace_back("its threads came and went faster than they could be listed");
    for (auto& [tid, tracee] : tracees_) {
      if (tracee.state != Tracee::State::asleep || sleeps_on(tid, tracee)) continue;
      hold.complete = false;
      hold.missing.push_back(
          "thread " + std::to_string(tid) +
          " went on while the others were held: it slept in a call that must not "
          "be disturbed, and something outside of the process ended that");
    }
    std::vector<ShortCall> cut_short;
    for (auto& [tid, tracee] : tracees_) {
      if (tracee.state == Tracee::State::held && tracee.cut_short)
        cut_short.push_back(std::move(*tracee.cut_short));
      else if (tracee.state == Tracee::State::held)
        ptrace(PTRACE_DETACH, tid, 0, static_cast<long>(tracee.signal));
      if (tracee.state != Tracee::State::seized) continue;
      hold.complete = false;
      const bool uninterruptible = task_status(pid_, tid).state == 'D';
      hold.missing.push_back("thread " + std::to_string(tid) + " could not be stopped" +
                             (uninterruptible ? ": it sits in the kernel, uninterruptible"
                                              : " in time: it got no processor (a busy machine?)"));
    }
    hold.pause_ns = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began_).count());
    for (const pid_t tid : finish(std::move(cut_short)))
      hold.missing.push_back("thread " + std::to_string(tid) +
                             " was writing or reading when it was stopped, and nobody took or gave "
                             "the rest: its call came out short");
    for (auto& [tid, tracee] : tracees_)
      if (tracee.state != Tracee::State::gone) hold.threads.push_back(std::move(tracee.thread));
  }

 private:
  std::string subject() const {
    return "process " + std::to_string(pid_) + " (" + command_name(pid_) + ")";
  }

  // A thread that ends while the kernel lists them makes it leave out another one: the list is
  // whole when it comes out twice the same. A process that is being replaced may never get there:
  // then not all of it is held.
  bool thread_ids_moved() {
    if (++lists_ > kMostLists) {
      unsettled_ = true;
      return false;
    }
    std::vector<pid_t> ids = thread_ids(pid_);
    const bool moved = ids != listed_;
    listed_ = std::move(ids);
    return moved;
  }

  size_t seize_new() {
    size_t fresh = 0;
    for (const pid_t tid : thread_ids(pid_)) {
      if (tracees_.count(tid) != 0) continue;
      if (ptrace(PTRACE_SEIZE, tid, 0, 0) != 0) {
        const int error = errno;
        if (!task_status(pid_, tid).alive) continue;
        throw Error(subject() + " may not be stopped: " + why_not_traceable(pid_, error));
      }
      Tracee& tracee = tracees_[tid];
      tracee.thread.tid = tid;
      tracee.thread.main = tid == pid_;
      if (const SystemCall call = system_call(pid_, tid); stop_would_end(pid_, call)) {
        apply_system_call(call, tracee.thread);
        tracee.thread.switches = task_status(pid_, tid).switches;
        tracee.state = Tracee::State::asleep;
      }
      ++fresh;
    }
    return fresh;
  }

  // All that is known of it: where it sleeps.
  bool sleeps_on(pid_t tid, Tracee& tracee) const {
    const SystemCall call = system_call(pid_, tid);
    apply_system_call(call, tracee.thread);
    return stop_would_end(pid_, call) && task_status(pid_, tid).switches == tracee.thread.switches;
  }

  // Of those left asleep: who went on before the others were held is one of them.
  size_t interrupt_woken() {
    size_t woken = 0;
    for (auto& [tid, tracee] : tracees_) {
      if (tracee.state != Tracee::State::asleep || sleeps_on(tid, tracee)) continue;
      tracee.state = Tracee::State::seized;
      ++woken;
    }
    return woken;
  }

  // Every thread that was interrupted stops, ends, or is given up on. Each is looked after at once:
  // until then, a call that the kernel broke off would fail should the tracer die.
  void wait_for_stops() {
    const auto deadline = Clock::now() + kPatience;
    for (;;) {
      size_t missing = 0;
      bool progress = false;
      for (auto& [tid, tracee] : tracees_) {
        if (tracee.state != Tracee::State::seized) continue;
        siginfo_t info{};
        // Not consumed: should track die now, the kernel still knows the signal to deliver.
        const int result = waitid(P_PID, static_cast<id_t>(tid), &info,
                                  WSTOPPED | WEXITED | WNOWAIT | WNOHANG | __WALL);
        if (result == 0 && info.si_pid == 0) {
          ++missing;
          continue;
        }
        progress = true;
        if (result != 0)
          tracee.state = Tracee::State::gone;
        else
          note_stop(tracee, info);
        if (tracee.state == Tracee::State::held) read_registers(tid, tracee);
      }
      if (missing == 0 || Clock::now() > deadline) return;
      if (!progress) std::this_thread::sleep_for(kShortNap);
    }
  }

  static void note_stop(Tracee& tracee, const siginfo_t& info) {
    if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED) {
      tracee.state = Tracee::State::gone;
      return;
    }
    tracee.state = Tracee::State::held;
    const bool our_stop = (info.si_status >> 8) == PTRACE_EVENT_STOP;
    if (!our_stop) tracee.signal = info.si_status & 0x7f;
    tracee.interrupted = our_stop && (info.si_status & 0x7f) == SIGTRAP;
    tracee.thread.stopped_by_signal = our_stop && (info.si_status & 0x7f) != SIGTRAP;
  }

  void read_registers(pid_t tid, Tracee& tracee) const {
    user_regs_struct user{};
    if (!mend_broken_call(tid, user)) return;
    if (tracee.interrupted) tracee.cut_short = ShortCall::find(pid_, tid, user);
    apply_registers(user, tracee.thread);
    read_vectors(tid, tracee.thread);
  }

  // A pointer that is being copied may be nowhere else.
  static void read_vectors(pid_t tid, ImageThread& thread) {
    std::byte state[kMostState];
    iovec where{state, sizeof state};
    if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &where) == 0 ||
        ptrace(PTRACE_GETREGSET, tid, NT_PRFPREG, &where) == 0)
      thread.vectors.assign(state, state + where.iov_len);
  }

  pid_t pid_;
  std::map<pid_t, Tracee> tracees_;
  std::vector<pid_t> listed_;
  int lists_ = 0;
  bool unsettled_ = false;
  Clock::time_point began_;
};

// For the tracer to be done, before it is suspected to wait for an execve that waits for it.
constexpr auto kAwhile = std::chrono::milliseconds(20);

// A thread that executes another program waits in the kernel, with the lock that PTRACE_SEIZE
// takes, until the other threads are gone; those held already are gone only when they are waited
// for, which the tracer, asleep in PTRACE_SEIZE, cannot do. Any thread of track's may. Not the main
// thread: who executes takes its place by itself, and its end is its parent's to hear of.
void wait_for_ended_threads(pid_t pid) {
  for (const pid_t tid : thread_ids(pid)) {
    if (tid == pid) continue;
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(tid), &info, WEXITED | WNOHANG | __WALL);
  }
}

}  // namespace

Hold hold_process(pid_t pid, const HoldActions& actions) {
  Hold hold;
  std::promise<void> done;
  std::exception_ptr failure;
  // All signals stay with the other threads: nothing of track's runs between stop and release.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread tracer([&] {
    Tracer tracing(pid);
    std::optional<Urgency> urgency(std::in_place);
    try {
      tracing.hold_all();
      actions.while_held(tracing.held());
    } catch (...) {
      failure = std::current_exception();
    }
    tracing.release(hold);
    urgency.reset();
    done.set_value();
    if (failure || !actions.afterwards) return;
    try {
      actions.afterwards();
    } catch (...) {
      failure = std::current_exception();
    }
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  for (auto end = done.get_future(); end.wait_for(kAwhile) != std::future_status::ready;)
    wait_for_ended_threads(pid);
  tracer.join();
  if (failure) std::rethrow_exception(failure);
  return hold;
}

Hold hold_process(pid_t pid, const std::function<void()>& while_held) {
  return hold_process(pid, {[&](const std::vector<HeldThread>&) { while_held(); }, {}});
}

}  // namespace track::process
