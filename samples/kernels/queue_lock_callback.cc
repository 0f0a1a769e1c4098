// what: A publisher hands values over under the lock that unsubscribing needs.
// expect: stuck-task created_by=start_publisher
// expect: stuck-task created_by=start_subscriber
#include "samples/kernels/kernel.h"

struct Feed {
  std::mutex mutex;
  Queue<int> values{1};
  std::latch full{1};
};

static std::latch both(2);

void publish(std::shared_ptr<Feed> feed) {
  std::unique_lock lock(feed->mutex);
  feed->values.push(1);
  feed->full.count_down();
  if (kFixed) lock.unlock();
  both.count_down();
  feed->values.push(2);
}

void unsubscribe(std::shared_ptr<Feed> feed) {
  feed->full.wait();
  both.count_down();
  std::lock_guard lock(feed->mutex);
  feed->values.close();
}

void start_publisher(Threads& threads, const std::shared_ptr<Feed>& feed) {
  threads.start(publish, feed);
}

void start_subscriber(Threads& threads, const std::shared_ptr<Feed>& feed) {
  threads.start(unsubscribe, feed);
}

int main() {
  auto feed = std::make_shared<Feed>();
  Threads threads;
  start_publisher(threads, feed);
  start_subscriber(threads, feed);
  both.wait();
}
