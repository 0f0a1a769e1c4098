// what: The same, and the waiter is let through.
// expect: clean
#include "samples/waits/left_over_word.h"

int main() {
  Gate gate;
  std::thread waiter([&] {
    keep_word();
    gate.wait();
  });
  kept.wait();
  gate.open();
  waiter.join();
}
