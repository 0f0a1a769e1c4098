// what: The consumer returns after the first match and closes the queue, which ends the producers.
// expect: clean
#include <thread>

#include "samples/support/queue.h"

void produce(Queue<int>& found) {
  for (int i = 0; found.push(i); ++i) {
  }
}

int main() {
  Queue<int> found(2);
  std::jthread first(produce, std::ref(found));
  std::jthread second(produce, std::ref(found));
  while (found.pop() != 0) {
  }
  found.close();
}
