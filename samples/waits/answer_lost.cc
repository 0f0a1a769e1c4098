// what: A thread waits, to resume a coroutine, for an answer that nobody can give any more.
// expect: stuck-task proved count=1 created_by=await_suspend
// expect: outlived-task suspected count=1 created_by=show
#include "samples/waits/answer_lost.h"

__attribute__((noinline)) void ask() {
  auto* promise = new std::promise<int>;
  show(promise->get_future());
}

int main() {
  ask();
  forget_stack();
  asking.wait();
}
