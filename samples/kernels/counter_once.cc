// what: An initializer waits for a thread that needs the same initialization.
// expect: stuck-task created_by=start_user
// expect: stuck-task created_by=start_helper
#include "samples/kernels/kernel.h"

struct Config {
  std::once_flag once;
  std::promise<int> loaded;
  std::latch loading{1};
};

static std::latch both(2);

void load(Config& config) {
  config.loading.count_down();
  both.count_down();
  if (!kFixed) config.loaded.get_future().get();
}

void start_user(Threads& threads, const std::shared_ptr<Config>& config) {
  threads.start([config] { std::call_once(config->once, load, std::ref(*config)); });
}

void start_helper(Threads& threads, const std::shared_ptr<Config>& config) {
  threads.start([config] {
    config->loading.wait();
    both.count_down();
    std::call_once(config->once, load, std::ref(*config));
    config->loaded.set_value(1);
  });
}

int main() {
  auto config = std::make_shared<Config>();
  Threads threads;
  start_user(threads, config);
  start_helper(threads, config);
  both.wait();
}
