// The live view of one target: a snapshot, then what changes. The process is looked at only while
// somebody follows, as often as that costs little, and once for all who follow.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "cli/serve/event_log.h"
#include "cli/serve/request.h"
#include "cli/serve/row_table.h"
#include "cli/serve/target.h"

namespace track::serve {

// How long a process had run when it was looked at.
class LastRun {
 public:
  // False: it did not run since, and that is not long ago.
  bool moved(int32_t pid, Clock::duration longest);

 private:
  uint64_t ran_ns_ = 0;
  Clock::time_point at_;
};

// Of a processor's time, what work that is done again and again may take.
class Share {
 public:
  // To be kept before the next time. A first time reads symbols and says nothing of the others: the
  // smaller of the last two costs counts.
  Clock::duration rest(std::chrono::nanoseconds cost);

 private:
  std::chrono::nanoseconds last_{};
};

class Feed {
 public:
  explicit Feed(Target& target);
  ~Feed();

  // Until the client or the target is gone, or the server ends. seen: the last event that the
  // client had, as it says; meta: of the view that its page shows.
  void follow(const std::string& seen, const std::string& meta, const Write& write,
              const std::function<bool()>& alive);
  // Judges now, and tells those who follow; what was found, in words. Throws Error.
  std::string judge();
  void wake();  // the server ends

 private:
  void work();
  bool look();  // false: the target is gone
  void tell_counts(const RowChange& change);
  void tell_judged(const Look& look);
  std::string snap(const std::string& meta) const;

  Target& target_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  EventLog log_;
  LiveStacks stacks_;
  RowTable rows_;
  Json counts_;
  std::string judged_;  // data of the last event `leaks`, without its number
  std::string gone_;    // why nothing comes any more
  uint64_t looks_ = 0;
  LastRun seen_run_, judged_run_;  // what the process had run when it was looked at
  int followers_ = 0;
  bool ends_ = false;
  Share looking_, judging_;
  Clock::time_point judge_at_{};
  Clock::time_point said_at_{};
  std::thread worker_;
};

}  // namespace track::serve
