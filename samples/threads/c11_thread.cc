// what: A C11 thread returns its result to nobody: no thrd_join, no thrd_detach (S14).
// expect: unjoined-thread proved count=1 created_by=start_checksum
#include <threads.h>

#include <latch>

static std::latch summed(1);

static int checksum(void*) {
  summed.count_down();
  return 42;
}

static void start_checksum() {
  thrd_t thread;
  if (thrd_create(&thread, checksum, nullptr) != thrd_success) thrd_exit(1);
}

int main() {
  start_checksum();
  summed.wait();
}
