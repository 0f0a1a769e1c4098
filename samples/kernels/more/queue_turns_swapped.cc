// what: Two players with a binary semaphore each for their turn; nobody was given the first turn.
// expect: stuck-task created_by=seat
// options: --timeout 1s
#include "samples/kernels/kernel.h"

struct Table {
  std::binary_semaphore white{kFixed ? 1 : 0}, black{0};
};

[[gnu::noinline]] std::jthread seat(std::binary_semaphore& own, std::binary_semaphore& other) {
  return std::jthread([&] {
    for (int move = 0; move < 3; ++move) {
      own.acquire();
      other.release();
    }
  });
}

int main() {
  Table table;
  std::jthread white = seat(table.white, table.black);
  std::jthread black = seat(table.black, table.white);
}
