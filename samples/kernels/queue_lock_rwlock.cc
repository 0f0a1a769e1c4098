// what: A reader sends while it reads; the receiver must write before it receives.
// expect: stuck-task created_by=start_sender
// expect: stuck-task created_by=start_receiver
#include "samples/kernels/kernel.h"

struct Peers {
  std::shared_mutex mutex;
  Queue<int> updates{1};
  std::latch reading{1};
};

static std::latch both(2);

void send_updates(std::shared_ptr<Peers> peers) {
  std::shared_lock lock(peers->mutex);
  peers->reading.count_down();
  if (kFixed) lock.unlock();
  both.count_down();
  for (int i = 0; i < 3; ++i) peers->updates.push(i);
}

void receive_updates(std::shared_ptr<Peers> peers) {
  peers->reading.wait();
  both.count_down();
  { std::unique_lock lock(peers->mutex); }
  for (int i = 0; i < 3; ++i) peers->updates.pop();
}

void start_sender(Threads& threads, const std::shared_ptr<Peers>& peers) {
  threads.start(send_updates, peers);
}

void start_receiver(Threads& threads, const std::shared_ptr<Peers>& peers) {
  threads.start(receive_updates, peers);
}

int main() {
  auto peers = std::make_shared<Peers>();
  Threads threads;
  start_sender(threads, peers);
  start_receiver(threads, peers);
  both.wait();
}
