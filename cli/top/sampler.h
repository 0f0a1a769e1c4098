// Looks at a target again and again, so that whoever shows it need not wait for a look: at what is
// shown as often as was asked for, at what leaked every few seconds, and never so often that
// looking takes more than a part of one processor.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "cli/serve/target.h"

namespace track::top {

// What there is to show.
struct Seen {
  std::array<std::shared_ptr<const serve::Look>, 4> looks;  // by serve::Needs; null: none yet
  std::string gone;                                         // why no more comes
  std::string trouble;              // why the last look failed, of a process that is still there
  std::chrono::nanoseconds pace{};  // between two looks at what is shown

  const std::shared_ptr<const serve::Look>& of(serve::Needs needs) const {
    return looks[static_cast<size_t>(needs)];
  }
};

class Sampler {
 public:
  // Throws Error: the target cannot be looked at.
  Sampler(serve::Target& target, std::chrono::nanoseconds interval);
  ~Sampler();

  int descriptor() const { return changed_fd_; }  // can be read when seen() is another
  Seen seen();

  void show(serve::Needs needs);
  void freeze(bool frozen);  // nothing is looked at meanwhile
  std::chrono::nanoseconds interval() const;
  void set_interval(std::chrono::nanoseconds interval);
  // False: it is still busy with a look.
  bool ends_within(std::chrono::nanoseconds time);

 private:
  void work();
  void look(serve::Needs needs);
  std::chrono::nanoseconds pace(serve::Needs needs) const;
  // The one whose turn it is, or when there will be one.
  bool next(serve::Needs& needs, serve::Clock::time_point& at) const;
  void tell() const;

  serve::Target& target_;
  mutable std::mutex mutex_;
  std::condition_variable woken_;
  std::chrono::nanoseconds interval_;
  serve::Needs shown_ = serve::Needs::tasks;
  bool frozen_ = false, ends_ = false, ended_ = false;
  Seen seen_;
  std::array<serve::Clock::time_point, 4> tried_{};
  std::array<std::chrono::nanoseconds, 4> cost_{};
  int changed_fd_ = -1;
  std::thread worker_;
};

}  // namespace track::top
