// what: The consumer returns after the first match; the producers block on the full queue (S01).
// expect: stuck-task|outlived-task proved|suspected count=2 created_by=start_producers
#include <memory>
#include <thread>

#include "samples/support/queue.h"

void produce(std::shared_ptr<Queue<int>> found) {
  for (int i = 0; found->push(i); ++i) {
  }
}

void start_producers(const std::shared_ptr<Queue<int>>& found) {
  for (int i = 0; i < 2; ++i) std::thread(produce, found).detach();
}

int main() {
  auto found = std::make_shared<Queue<int>>(2);
  start_producers(found);
  while (found->pop() != 0) {
  }
  found->await_blocked(2, true);
}
