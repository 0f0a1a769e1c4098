#include "cli/verbs/progress.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace track::verbs {

Progress::Progress(std::string what) {
  if (isatty(STDERR_FILENO) == 0) return;
  thread_ = std::thread([this, what = std::move(what)] {
    std::unique_lock lock(mutex_);
    if (finished_.wait_for(lock, std::chrono::seconds(1), [this] { return done_; })) return;
    std::fprintf(stderr, "track: %s ...", what.c_str());
    finished_.wait(lock, [this] { return done_; });
    std::fprintf(stderr, "\r\033[K");
  });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  finished_.notify_one();
  thread_.join();
}

}  // namespace track::verbs
