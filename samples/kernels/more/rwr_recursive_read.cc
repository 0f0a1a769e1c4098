// what: A reader reads again behind a writer that came between, with locks that let writers first.
// expect: deadlock created_by=start_reader
// expect: deadlock created_by=start_writer
// options: --timeout 1s
#include <pthread.h>

#include "samples/kernels/kernel.h"

struct Lock {
  Lock() {
    pthread_rwlockattr_t kind;
    pthread_rwlockattr_init(&kind);
    pthread_rwlockattr_setkind_np(&kind, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&lock, &kind);
  }
  pthread_rwlock_t lock;
};

static std::latch reading(1);
static std::atomic<bool> writer_comes{false};

[[gnu::noinline]] std::thread start_reader(Lock& all) {
  return std::thread([&] {
    pthread_rwlock_rdlock(&all.lock);
    reading.count_down();
    if (kFixed) pthread_rwlock_unlock(&all.lock);
    writer_comes.wait(false);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    pthread_rwlock_rdlock(&all.lock);
    pthread_rwlock_unlock(&all.lock);
    if (!kFixed) pthread_rwlock_unlock(&all.lock);
  });
}

[[gnu::noinline]] std::thread start_writer(Lock& all) {
  return std::thread([&] {
    reading.wait();
    writer_comes = true;
    writer_comes.notify_all();
    pthread_rwlock_wrlock(&all.lock);
    pthread_rwlock_unlock(&all.lock);
  });
}

int main() {
  Lock all;
  std::thread reader = start_reader(all), writer = start_writer(all);
  reader.join();
  writer.join();
}
