// what: A poll loop never looks at its stop flag, so its owner gives up and detaches it (S04).
// expect: outlived-task suspected count=1 created_by=start_poller
#include <atomic>
#include <chrono>
#include <latch>
#include <thread>

static std::atomic<bool> stop = false;
static std::atomic<int> polls = 0;
static std::latch polled(1);

void poll_forever() {
  for (;;) {
    if (polls.fetch_add(1) == 0) polled.count_down();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::thread start_poller() {
  return std::thread(poll_forever);
}

int main() {
  std::thread poller = start_poller();
  polled.wait();
  stop = true;
  poller.detach();
}
