// what: Three mirrors answer over a bounded queue; the reader takes one answer and leaves.
// expect: stuck-task created_by=ask_mirrors
#include "samples/kernels/kernel.h"

static std::latch asked(3);

void ask(std::shared_ptr<Queue<int>> answers, int mirror) {
  asked.count_down();
  answers->push(mirror);
  answers->push(mirror);
}

void ask_mirrors(Threads& threads, const std::shared_ptr<Queue<int>>& answers) {
  for (int mirror = 0; mirror < 3; ++mirror) threads.start(ask, answers, mirror);
}

int main() {
  auto answers = std::make_shared<Queue<int>>(kFixed ? 6 : 1);
  Threads threads;
  ask_mirrors(threads, answers);
  asked.wait();
  answers->pop();
}
