// what: C11 threads: one joined, one detached and awaited.
// expect: clean
#include <threads.h>

#include <latch>

static std::latch summed(2);

static int checksum(void*) {
  summed.count_down();
  return 42;
}

static int checksum_twice() {
  thrd_t joined, detached;
  if (thrd_create(&joined, checksum, nullptr) != thrd_success) return 1;
  if (thrd_create(&detached, checksum, nullptr) != thrd_success) return 1;
  thrd_detach(detached);
  int sum = 0;
  thrd_join(joined, &sum);
  return sum == 42 ? 0 : 1;
}

int main() {
  const int failed = checksum_twice();
  summed.wait();
  return failed;
}
