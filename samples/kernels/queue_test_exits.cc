// what: The test sees its result and calls exit(), with the queue still on main's stack.
// expect: stuck-task created_by=start_producer
#include "samples/kernels/kernel.h"

static std::latch producing(1);

void produce(Queue<int>& values) {
  producing.count_down();
  while (values.push(1)) {
  }
}

std::thread start_producer(Queue<int>& values) {
  return std::thread(produce, std::ref(values));
}

int main() {
  Queue<int> values(1);
  std::thread producer = start_producer(values);
  producing.wait();
  values.pop();
  if (kFixed) {
    values.close();
    producer.join();
  }
  std::exit(0);
}
