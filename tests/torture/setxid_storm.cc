// what: libc makes every thread change its ids, again and again, while threads come and go
#include <poll.h>

#include <atomic>
#include <thread>

#include "tests/torture/check.h"

int main() {
  std::atomic<bool> done{false};
  std::thread sleeper([&] {
    while (!done) poll(nullptr, 0, 1);
  });
  std::thread maker([&] {
    while (!done) std::thread([] { poll(nullptr, 0, 1); }).join();
  });
  constexpr uid_t kSame = static_cast<uid_t>(-1);
  int failed = 0;
  for (int i = 0; i < 1500; ++i) {
    failed += setresuid(kSame, kSame, kSame) != 0;
    if (i % 5 == 0) poll(nullptr, 0, 1);
  }
  done = true;
  sleeper.join();
  maker.join();
  SHOW(failed);
}
