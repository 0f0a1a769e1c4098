// what: The caller returns at its cancellation; the worker's result has no room.
// expect: stuck-task created_by=start_query
#include "samples/kernels/kernel.h"

struct Query {
  explicit Query(std::size_t room) : result(room) {}
  StopQueue<int> result;
  std::latch cancelled{1};
};

static std::latch finishing(1);

void run_query(std::shared_ptr<Query> query) {
  query->cancelled.wait();
  finishing.count_down();
  query->result.push(1);
  query->result.push(2);
}

void start_query(Threads& threads, const std::shared_ptr<Query>& query) {
  threads.start(run_query, query);
}

int main() {
  auto query = std::make_shared<Query>(kFixed ? 2 : 1);
  Threads threads;
  start_query(threads, query);
  query->cancelled.count_down();
  finishing.wait();
}
