// what: A consumer waits with a stop token, but the token is of a source that nobody stops.
// expect: stuck-task created_by=subscribe
#include "samples/kernels/kernel.h"

struct Inbox {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::vector<int> letters;
};

struct Subscription {
  std::shared_ptr<Inbox> inbox = std::make_shared<Inbox>();
  std::stop_source source;
  std::thread reader;
};

static std::latch reading(1);

[[gnu::noinline]] void subscribe(Subscription& subscription) {
  std::stop_token token = kFixed ? subscription.source.get_token() : std::stop_source().get_token();
  subscription.reader = std::thread([inbox = subscription.inbox, token] {
    std::unique_lock lock(inbox->mutex);
    reading.count_down();
    inbox->changed.wait(lock, token, [&] { return !inbox->letters.empty(); });
  });
}

int main() {
  Subscription subscription;
  subscribe(subscription);
  reading.wait();
  subscription.source.request_stop();
  kFixed ? subscription.reader.join() : subscription.reader.detach();
}
