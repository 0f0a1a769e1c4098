// what: Runners wait for a shared future; the promise is leaked by whoever should have set it.
// expect: stuck-task created_by=line_up
#include "samples/kernels/kernel.h"

[[gnu::noinline]] std::vector<std::thread> line_up(std::shared_future<void> go, std::latch& ready) {
  std::vector<std::thread> runners;
  for (int i = 0; i < 3; ++i)
    runners.emplace_back([go, &ready] {
      ready.count_down();
      go.wait();
    });
  return runners;
}

int main() {
  static std::latch ready(3);
  auto gun = std::make_unique<std::promise<void>>();
  std::vector<std::thread> runners = line_up(gun->get_future().share(), ready);
  ready.wait();
  if (kFixed)
    gun->set_value();
  else
    (void)gun.release();
  for (std::thread& runner : runners) kFixed ? runner.join() : runner.detach();
}
