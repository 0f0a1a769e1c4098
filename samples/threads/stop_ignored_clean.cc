// what: A poll loop that looks at its stop_token; std::jthread asks it to stop and joins.
// expect: clean
#include <atomic>
#include <chrono>
#include <latch>
#include <thread>

static std::atomic<int> polls = 0;
static std::latch polled(1);

void poll_until_stopped(std::stop_token stop) {
  while (!stop.stop_requested()) {
    if (polls.fetch_add(1) == 0) polled.count_down();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::jthread start_poller() {
  return std::jthread(poll_until_stopped);
}

int main() {
  std::jthread poller = start_poller();
  polled.wait();
}
