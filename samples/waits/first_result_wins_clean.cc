// what: Three mirrors answer through a queue with room for every answer.
// expect: clean
#include <thread>
#include <vector>

#include "samples/support/queue.h"

void fetch(Queue<int>& answers, int mirror) {
  answers.push(mirror);
}

int main() {
  Queue<int> answers(3);
  std::vector<std::jthread> mirrors;
  for (int mirror = 0; mirror < 3; ++mirror) mirrors.emplace_back(fetch, std::ref(answers), mirror);
  return *answers.pop() < 0;
}
