// what: Three mirrors answer through a queue of one; only the first answer is taken (S18).
// expect: stuck-task|outlived-task proved|suspected count=1 created_by=ask_mirrors blocked_in=fetch
// flags: -fno-optimize-sibling-calls
#include <memory>
#include <thread>

#include "samples/support/queue.h"

void fetch(std::shared_ptr<Queue<int>> answers, int mirror) {
  answers->push(mirror);
}

int ask_mirrors(const std::shared_ptr<Queue<int>>& answers) {
  for (int mirror = 0; mirror < 3; ++mirror) std::thread(fetch, answers, mirror).detach();
  return *answers->pop();
}

int main() {
  auto answers = std::make_shared<Queue<int>>(1);
  const int mirror = ask_mirrors(answers);
  answers->await_blocked(1, true);
  return mirror < 0;
}
