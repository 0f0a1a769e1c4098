// what: A timed mutex is locked again by a callback, without a time limit.
// expect: deadlock created_by=start_update
// options: --timeout 1s
#include "samples/kernels/kernel.h"

class Model {
 public:
  void update() {
    std::unique_lock lock(mutex_);
    if (kFixed) lock.unlock();
    changed_();
  }
  void on_change(std::function<void()> changed) { changed_ = std::move(changed); }
  int value() {
    std::lock_guard lock(mutex_);
    return 1;
  }

 private:
  std::timed_mutex mutex_;
  std::function<void()> changed_;
};

[[gnu::noinline]] std::thread start_update(Model& model) {
  return std::thread([&model] { model.update(); });
}

int main() {
  Model model;
  model.on_change([&model] { model.value(); });
  start_update(model).join();
}
