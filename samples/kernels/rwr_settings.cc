// what: A reader of a lock that prefers writers reads again in a helper; a writer is in between.
// expect: deadlock created_by=start_reader
// expect: deadlock created_by=start_writer
#include "samples/kernels/kernel.h"

class Settings {
 public:
  Settings() {
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&lock_, &attributes);
  }
  void lock_shared() { pthread_rwlock_rdlock(&lock_); }
  void unlock_shared() { pthread_rwlock_unlock(&lock_); }
  void lock() { pthread_rwlock_wrlock(&lock_); }
  void unlock() { pthread_rwlock_unlock(&lock_); }
  void await_writer() {
    while (pthread_rwlock_tryrdlock(&lock_) == 0) {
      pthread_rwlock_unlock(&lock_);
      std::this_thread::yield();
    }
  }
  std::latch reading{1};

 private:
  pthread_rwlock_t lock_;
};

static std::latch second_read(1);

void read_settings(std::shared_ptr<Settings> settings) {
  std::shared_lock lock(*settings);
  settings->reading.count_down();
  settings->await_writer();
  second_read.count_down();
  if (kFixed) return;
  std::shared_lock again(*settings);
}

void write_settings(std::shared_ptr<Settings> settings) {
  settings->reading.wait();
  std::unique_lock lock(*settings);
}

void start_reader(Threads& threads, const std::shared_ptr<Settings>& settings) {
  threads.start(read_settings, settings);
}

void start_writer(Threads& threads, const std::shared_ptr<Settings>& settings) {
  threads.start(write_settings, settings);
}

int main() {
  auto settings = std::make_shared<Settings>();
  Threads threads;
  start_reader(threads, settings);
  start_writer(threads, settings);
  second_read.wait();
}
