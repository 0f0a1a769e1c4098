// what: A thread collects those that have ended, once an hour, and main returns before it does:
// what: whether they would have been joined nobody knows.
// expect: unjoined-thread likely count=3 created_by=start_worker
// expect: outlived-task suspected count=1 created_by=Collector
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

class Collector {
 public:
  Collector() : thread_([this] { collect(); }) {}
  void add(std::thread finished) {
    std::lock_guard lock(mutex_);
    finished_.push_back(std::move(finished));
  }

 private:
  void collect() {
    std::unique_lock lock(mutex_);
    for (bool last = false; !last;) {
      last = ending_.wait_for(lock, std::chrono::hours(1), [this] { return over_; });
      for (std::thread& thread : std::exchange(finished_, {})) thread.join();
    }
  }

  std::mutex mutex_;
  std::condition_variable ending_;
  bool over_ = false;
  std::vector<std::thread> finished_;
  std::thread thread_;
};

static std::counting_semaphore<> worked(0);

static std::thread start_worker() {
  return std::thread([] { worked.release(); });
}

int main() {
  auto* const collector = new Collector;
  for (int i = 0; i < 3; ++i) collector->add(start_worker());
  for (int i = 0; i < 3; ++i) worked.acquire();
}
