// what: A waiter leaks, in a program where a word is left over that seems to refer to the list of
// what: the waiter's thread-local variables, as buffers from malloc hold them.
// expect: stuck-task proved count=1 created_by=leak_a_waiter blocked_in=Gate::wait
// exit: 23
#include "samples/waits/left_over_word.h"

[[gnu::noinline]] void wait_for_ever() {
  auto* gate = new Gate;
  keep_word();
  gate->wait();
}

[[gnu::noinline]] void leak_a_waiter() {
  std::thread([] { wait_for_ever(); }).detach();
}

int main() {
  leak_a_waiter();
  kept.wait();
}
