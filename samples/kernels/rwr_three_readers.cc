// what: Two readers of two locks, each behind the other lock's writer.
// expect: stuck-task created_by=start_readers
// expect: stuck-task created_by=start_writers
#include "samples/kernels/kernel.h"

struct Pair {
  WriterFirstLock locks[2];
  std::latch reading{2};
};

static std::latch reading_both(2);

void read_both(std::shared_ptr<Pair> pair, int first) {
  std::shared_lock one(pair->locks[first]);
  pair->reading.count_down();
  pair->locks[first].await_writer();
  reading_both.arrive_and_wait();
  if (kFixed) return;
  std::shared_lock other(pair->locks[1 - first]);
}

void write_one(std::shared_ptr<Pair> pair, int which) {
  pair->reading.wait();
  std::unique_lock lock(pair->locks[which]);
}

void start_readers(Threads& threads, const std::shared_ptr<Pair>& pair) {
  for (const int first : {0, 1}) threads.start(read_both, pair, first);
}

void start_writers(Threads& threads, const std::shared_ptr<Pair>& pair) {
  for (const int which : {0, 1}) threads.start(write_one, pair, which);
}

int main() {
  auto pair = std::make_shared<Pair>();
  Threads threads;
  start_readers(threads, pair);
  start_writers(threads, pair);
  reading_both.wait();
}
