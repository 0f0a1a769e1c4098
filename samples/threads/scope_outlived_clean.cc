// what: A request waits for all it started, and for what that started, before its scope ends.
// expect: clean
// flags: -Ilibtrack/include
#include <atomic>
#include <thread>

#include "track/track.h"

std::atomic<bool> stop{false};

void audit() {
  stop.wait(false);
}

void handle_request() {
  track::scope scope("request");
  std::thread([] { std::thread(audit).detach(); }).join();
  stop = true;
  stop.notify_all();
  // Detached threads have no other way to be waited for.
  while (scope.live(1000000000) != 0) {
  }
}

int main() {
  handle_request();
}
