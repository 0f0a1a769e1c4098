// what: A client holds the connection's lock while it waits for a reply; the reader wants the lock.
// expect: stuck-task created_by=start_client
// expect: stuck-task created_by=start_reader
#include "samples/kernels/kernel.h"

struct Connection {
  std::mutex mutex;
  Queue<int> replies{1};
  std::latch sent{1};
};

static std::latch waiting(2);

void run_client(std::shared_ptr<Connection> connection) {
  std::unique_lock lock(connection->mutex);
  connection->sent.count_down();
  if (kFixed) lock.unlock();
  waiting.count_down();
  connection->replies.pop();
}

void run_reader(std::shared_ptr<Connection> connection) {
  connection->sent.wait();
  waiting.count_down();
  { std::lock_guard lock(connection->mutex); }
  connection->replies.push(1);
}

void start_client(Threads& threads, const std::shared_ptr<Connection>& connection) {
  threads.start(run_client, connection);
}

void start_reader(Threads& threads, const std::shared_ptr<Connection>& connection) {
  threads.start(run_reader, connection);
}

int main() {
  auto connection = std::make_shared<Connection>();
  Threads threads;
  start_client(threads, connection);
  start_reader(threads, connection);
  waiting.wait();
}
