// what: main reads twice around a writer that it then joins; the test times out.
// expect: stuck-task created_by=start_writer
// expect: stuck-task blocked_in=main
// options: --timeout 1s
#include "samples/kernels/kernel.h"

void write_once(WriterFirstLock& lock) {
  std::unique_lock writing(lock);
}

std::thread start_writer(WriterFirstLock& lock) {
  return std::thread(write_once, std::ref(lock));
}

int main() {
  WriterFirstLock lock;
  std::shared_lock first(lock);
  std::thread writer = start_writer(lock);
  lock.await_writer();
  if (kFixed) {
    first.unlock();
  } else {
    std::shared_lock second(lock);
    first.unlock();
  }
  writer.join();
}
