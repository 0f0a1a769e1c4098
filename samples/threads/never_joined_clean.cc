// what: Three threads finish and are joined.
// expect: clean
#include <latch>
#include <thread>
#include <vector>

static std::latch handled(3);

void handle_request() {
  handled.count_down();
}

std::vector<std::thread> handle_requests() {
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(handle_request);
  return threads;
}

int main() {
  std::vector<std::thread> threads = handle_requests();
  handled.wait();
  for (std::thread& thread : threads) thread.join();
}
