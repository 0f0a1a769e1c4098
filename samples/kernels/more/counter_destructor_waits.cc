// what: A destructor waits for a worker's last word; the worker died of an exception before.
// expect: stuck-task created_by=start_owner
#include "samples/kernels/kernel.h"

struct Service {
  std::latch finished{1};
  std::thread worker;
  Service()
      : worker([this] {
          try {
            throw std::runtime_error("port in use");
          } catch (...) {
            if (!kFixed) return;
          }
          finished.count_down();
        }) {}
  ~Service() {
    finished.wait();
    worker.join();
  }
};

static std::latch leaving(1);

[[gnu::noinline]] void start_owner(Threads& threads) {
  threads.start([] {
    auto service = std::make_unique<Service>();
    leaving.count_down();
  });
}

int main() {
  Threads threads;
  start_owner(threads);
  leaving.wait();
}
