// what: A request's promise is kept in a table whose entry nobody answers.
// expect: stuck-task created_by=start_caller
#include "samples/kernels/kernel.h"

using Calls = std::map<int, std::promise<int>>;

static std::latch calling(1);

void call(std::shared_ptr<Calls> calls) {
  std::future<int> answer = (*calls)[1].get_future();
  if (kFixed) (*calls)[1].set_value(1);
  calling.count_down();
  answer.get();
}

void start_caller(Threads& threads, const std::shared_ptr<Calls>& calls) {
  threads.start(call, calls);
}

int main() {
  auto calls = std::make_shared<Calls>();
  Threads threads;
  start_caller(threads, calls);
  calling.wait();
}
