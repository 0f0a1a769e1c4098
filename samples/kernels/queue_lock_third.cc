// what: A third party wants the lock whose holder waits on a queue that nobody fills.
// expect: stuck-task created_by=start_holder
// expect: stuck-task created_by=start_others
#include "samples/kernels/kernel.h"

struct Node {
  std::mutex mutex;
  Queue<int> votes{3};
  std::latch held{1};
};

static std::latch all(3);

void collect_votes(std::shared_ptr<Node> node) {
  std::unique_lock lock(node->mutex);
  node->held.count_down();
  if (kFixed) lock.unlock();
  all.count_down();
  for (int i = 0; i < 2; ++i) node->votes.pop();
}

void vote(std::shared_ptr<Node> node) {
  node->held.wait();
  all.count_down();
  std::lock_guard lock(node->mutex);
  node->votes.push(1);
}

void start_holder(Threads& threads, const std::shared_ptr<Node>& node) {
  threads.start(collect_votes, node);
}

void start_others(Threads& threads, const std::shared_ptr<Node>& node) {
  for (int i = 0; i < 2; ++i) threads.start(vote, node);
}

int main() {
  auto node = std::make_shared<Node>();
  Threads threads;
  start_holder(threads, node);
  start_others(threads, node);
  all.wait();
}
