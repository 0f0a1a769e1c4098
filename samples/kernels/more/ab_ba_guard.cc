// what: A static variable's constructor wants a mutex that is held by who waits for the variable.
// expect: stuck-task|deadlock|outlived-task created_by=start_first
// expect: stuck-task|deadlock|outlived-task created_by=start_second
#include "samples/kernels/kernel.h"

static std::mutex registry;
static std::latch inside(2);

struct Codec {
  Codec() {
    inside.count_down();
    if (!kFixed) inside.wait();
    std::lock_guard lock(registry);
  }
};

Codec& codec() {
  static Codec one;
  return one;
}

[[gnu::noinline]] std::thread start_first() {
  return std::thread([] { codec(); });
}

[[gnu::noinline]] std::thread start_second() {
  return std::thread([] {
    std::unique_lock lock(registry);
    inside.count_down();
    if (kFixed) lock.unlock();
    inside.wait();
    codec();
  });
}

int main() {
  std::thread first = start_first(), second = start_second();
  inside.wait();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  kFixed ? first.join() : first.detach();
  kFixed ? second.join() : second.detach();
}
