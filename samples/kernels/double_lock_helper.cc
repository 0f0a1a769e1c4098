// what: A method locks and calls another one that locks too.
// expect: deadlock created_by=start_scrubber
#include "samples/kernels/kernel.h"

class ReplicaSet {
 public:
  void scrub() {
    std::unique_lock lock(mutex_);
    damaged_ = 3;
    if (kFixed) lock.unlock();
    report();
  }

 private:
  void report() {
    std::lock_guard lock(mutex_);
    reported_ = damaged_;
  }
  std::mutex mutex_;
  int damaged_ = 0, reported_ = 0;
};

static std::latch scrubbing(1);

void run_scrubber(std::shared_ptr<ReplicaSet> replicas) {
  scrubbing.count_down();
  replicas->scrub();
}

void start_scrubber(Threads& threads) {
  threads.start(run_scrubber, std::make_shared<ReplicaSet>());
}

int main() {
  Threads threads;
  start_scrubber(threads);
  scrubbing.wait();
}
