// what: A thread joins its helper before it counts down the latch that the helper waits at.
// expect: stuck-task created_by=start_parent
// expect: stuck-task created_by=start_helper
#include "samples/kernels/kernel.h"

static std::latch up(1);

[[gnu::noinline]] std::thread start_helper(std::shared_ptr<std::latch> go) {
  return std::thread([go] { go->wait(); });
}

[[gnu::noinline]] std::thread start_parent() {
  return std::thread([] {
    auto go = std::make_shared<std::latch>(1);
    std::thread helper = start_helper(go);
    up.count_down();
    if (kFixed) go->count_down();
    helper.join();
    if (!kFixed) go->count_down();
  });
}

int main() {
  std::thread parent = start_parent();
  up.wait();
  kFixed ? parent.join() : parent.detach();
}
