#include "cli/top/sampler.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "cli/model/error.h"
#include "cli/process/proc.h"

namespace track::top {
namespace {

using serve::Clock;
using serve::Needs;

constexpr std::chrono::seconds kJudgePace{5};
// As `track serve`: looking takes at most one part in so many of a processor.
constexpr int kShare = 20;

size_t at(Needs needs) {
  return static_cast<size_t>(needs);
}

}  // namespace

Sampler::Sampler(serve::Target& target, std::chrono::nanoseconds interval)
    : target_(target), interval_(interval) {
  look(Needs::tasks);
  if (!seen_.of(Needs::tasks))
    throw Error(seen_.gone.empty() ? seen_.trouble : target_.name().target + ": " + seen_.gone);
  changed_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (changed_fd_ < 0) throw Error(std::string("no eventfd: ") + std::strerror(errno));
  // Signals are for the thread that shows it.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  worker_ = std::thread([this] { work(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Sampler::~Sampler() {
  ends_within({});
  worker_.join();
  close(changed_fd_);
}

bool Sampler::ends_within(std::chrono::nanoseconds time) {
  std::unique_lock hold(mutex_);
  ends_ = true;
  woken_.notify_all();
  return woken_.wait_for(hold, time, [&] { return ended_; });
}

Seen Sampler::seen() {
  uint64_t times = 0;
  // Nothing to read is no trouble: it was read already.
  static_cast<void>(!::read(changed_fd_, &times, sizeof times));
  const std::lock_guard hold(mutex_);
  Seen seen = seen_;
  seen.pace = pace(shown_);
  return seen;
}

void Sampler::tell() const {
  const uint64_t one = 1;
  static_cast<void>(!::write(changed_fd_, &one, sizeof one));
}

void Sampler::show(Needs needs) {
  const std::lock_guard hold(mutex_);
  shown_ = needs;
  woken_.notify_all();
}

void Sampler::freeze(bool frozen) {
  const std::lock_guard hold(mutex_);
  frozen_ = frozen;
  woken_.notify_all();
}

std::chrono::nanoseconds Sampler::interval() const {
  const std::lock_guard hold(mutex_);
  return interval_;
}

void Sampler::set_interval(std::chrono::nanoseconds interval) {
  const std::lock_guard hold(mutex_);
  interval_ = interval;
  woken_.notify_all();
}

std::chrono::nanoseconds Sampler::pace(Needs needs) const {
  const std::chrono::nanoseconds least =
      needs == shown_ ? interval_ : std::max<std::chrono::nanoseconds>(interval_, kJudgePace);
  return std::max<std::chrono::nanoseconds>(least, kShare * cost_[at(needs)]);
}

bool Sampler::next(Needs& needs, Clock::time_point& when) const {
  when = Clock::time_point::max();
  if (!seen_.gone.empty()) return false;
  const auto due = [&](Needs which) {
    const bool never = tried_[at(which)] == Clock::time_point{};
    if (!never && !target_.name().live) return;  // a file stays what it is
    if (!never && frozen_) return;
    const Clock::time_point turn =
        never ? Clock::time_point{}
              : tried_[at(which)] + std::chrono::duration_cast<Clock::duration>(pace(which));
    if (turn < when) {
      when = turn;
      needs = which;
    }
  };
  due(shown_);
  if (shown_ != Needs::findings) due(Needs::findings);
  return when <= Clock::now();
}

void Sampler::look(Needs needs) {
  const auto began = Clock::now();
  std::shared_ptr<const serve::Look> taken;
  std::string gone, trouble;
  try {
    taken = target_.look(needs);
    if (target_.name().live && target_.name().pid != 0) gone = serve::end_of(*taken);
  } catch (const Error& error) {
    const int32_t pid = target_.name().pid;
    (pid != 0 && !process::exists(pid) ? gone : trouble) = error.what();
  }
  const std::lock_guard hold(mutex_);
  tried_[at(needs)] = Clock::now();
  cost_[at(needs)] = taken ? taken->cost : Clock::now() - began;
  seen_.gone = std::move(gone);
  seen_.trouble = std::move(trouble);
  // What a process leaves behind at its end is not what was to be seen of it.
  if (taken && seen_.gone.empty()) seen_.looks[at(needs)] = std::move(taken);
}

void Sampler::work() {
  std::unique_lock hold(mutex_);
  while (!ends_) {
    Needs needs{};
    Clock::time_point when;
    if (!next(needs, when)) {
      if (when == Clock::time_point::max())
        woken_.wait(hold);
      else
        woken_.wait_until(hold, when);
      continue;
    }
    hold.unlock();
    look(needs);
    tell();
    hold.lock();
  }
  ended_ = true;
  woken_.notify_all();
}

}  // namespace track::top
