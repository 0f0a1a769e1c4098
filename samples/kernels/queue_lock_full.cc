// what: A producer fills the queue under a lock that the consumer needs.
// expect: stuck-task created_by=start_producer
// expect: stuck-task created_by=start_consumer
#include "samples/kernels/kernel.h"

struct Broker {
  std::mutex mutex;
  Queue<int> messages{1};
  int seen = 0;
};

static std::latch locked(2);

void produce(std::shared_ptr<Broker> broker) {
  std::unique_lock lock(broker->mutex, std::defer_lock);
  if (!kFixed) lock.lock();
  kFixed ? locked.count_down() : locked.arrive_and_wait();
  for (int i = 0; i < 3; ++i) broker->messages.push(i);
}

void consume(std::shared_ptr<Broker> broker) {
  kFixed ? locked.count_down() : locked.arrive_and_wait();
  for (int i = 0; i < 3; ++i) {
    std::lock_guard lock(broker->mutex);
    broker->seen += *broker->messages.pop();
  }
}

void start_producer(Threads& threads, const std::shared_ptr<Broker>& broker) {
  threads.start(produce, broker);
}

void start_consumer(Threads& threads, const std::shared_ptr<Broker>& broker) {
  threads.start(consume, broker);
}

int main() {
  auto broker = std::make_shared<Broker>();
  Threads threads;
  start_producer(threads, broker);
  start_consumer(threads, broker);
  locked.wait();
}
