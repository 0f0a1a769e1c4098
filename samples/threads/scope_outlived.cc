// what: A request says that all it starts is finished with it, and leaves a thread behind.
// expect: outlived-task likely count=1 created_by=handle_request
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
  std::thread worker([] {});
  std::thread(audit).detach();
  worker.join();
}

int main() {
  handle_request();
}
