// what: _exit(6) in a thread while detached threads go on recording
#include <memory>
#include <thread>

#include "tests/torture/check.h"

int main() {
  setvbuf(stdout, nullptr, _IONBF, 0);
  atexit([] { puts("atexit"); });
  at_quick_exit([] { puts("at_quick_exit"); });
  for (int i = 0; i < 3; ++i)
    std::thread([] {
      for (;;) {
        auto block = std::make_unique<char[]>(50);
        usleep(10);
      }
    }).detach();
  usleep(2000);
  std::thread([] { _exit(6); }).join();
}
