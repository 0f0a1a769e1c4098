// what: Observers are told under the lock; one of them unsubscribes itself.
// expect: deadlock created_by=start_publisher
#include "samples/kernels/kernel.h"

class Topic {
 public:
  void subscribe(std::function<void()> observer) {
    std::lock_guard lock(mutex_);
    observers_.push_back(std::move(observer));
  }
  void clear() {
    std::lock_guard lock(mutex_);
    observers_.clear();
  }
  void publish() {
    std::unique_lock lock(mutex_);
    const std::vector<std::function<void()>> observers = observers_;
    if (kFixed) lock.unlock();
    for (const std::function<void()>& observer : observers) observer();
  }

 private:
  std::mutex mutex_;
  std::vector<std::function<void()>> observers_;
};

static std::latch told(1);

void run_publisher() {
  Topic topic;
  topic.subscribe([&topic] {
    told.count_down();
    topic.clear();
  });
  topic.publish();
}

void start_publisher(Threads& threads) {
  threads.start(run_publisher);
}

int main() {
  Threads threads;
  start_publisher(threads);
  told.wait();
}
