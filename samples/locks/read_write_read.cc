// what: A reader reads again behind a queued writer of a lock that prefers writers (S11).
// expect: deadlock proved count=2 created_by=start_threads blocked_in=read_twice|update
#include <pthread.h>

#include <latch>
#include <thread>

static pthread_rwlock_t settings;
static std::latch reading(1), reading_again(1);

void read_twice() {
  pthread_rwlock_rdlock(&settings);
  reading.count_down();
  // While the lock has no queued writer another reader gets in at once.
  while (pthread_rwlock_tryrdlock(&settings) == 0) {
    pthread_rwlock_unlock(&settings);
    std::this_thread::yield();
  }
  reading_again.count_down();
  pthread_rwlock_rdlock(&settings);
  pthread_rwlock_unlock(&settings);
  pthread_rwlock_unlock(&settings);
}

void update() {
  reading.wait();
  pthread_rwlock_wrlock(&settings);
  pthread_rwlock_unlock(&settings);
}

void start_threads() {
  std::thread(read_twice).detach();
  std::thread(update).detach();
}

int main() {
  pthread_rwlockattr_t attributes;
  pthread_rwlockattr_init(&attributes);
  pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
  pthread_rwlock_init(&settings, &attributes);
  start_threads();
  reading_again.wait();
}
