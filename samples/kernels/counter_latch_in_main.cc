// what: main waits for a latch that counts one job too many; the test times out.
// expect: stuck-task blocked_in=main
// options: --timeout 3s
#include "samples/kernels/kernel.h"

int main() {
  std::latch done(kFixed ? 3 : 4);
  std::vector<std::jthread> jobs;
  for (int i = 0; i < 3; ++i) jobs.emplace_back([&done] { done.count_down(); });
  done.wait();
}
