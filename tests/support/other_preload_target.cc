// other_preload_target.cc: threads that come, work and are joined, and memory that is given back,
// for tests of what is preloaded beside libtrack.so. `left`: the last thread is never joined.
// `sleep`: a detached one still sleeps when main returns.
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

namespace {

std::mutex mutex;
std::condition_variable turned;
long done;

void* work(void*) {
  std::vector<std::string> texts;
  for (int i = 0; i < 50; ++i) texts.push_back(std::string(static_cast<size_t>(i) * 3, 'x'));
  const std::lock_guard lock(mutex);
  ++done;
  turned.notify_all();
  return nullptr;
}

[[gnu::noinline]] void leave_thread() {
  pthread_t thread;
  pthread_create(&thread, nullptr, work, nullptr);
  std::unique_lock lock(mutex);
  turned.wait(lock, [] { return done == 101; });
}

[[gnu::noinline]] void leave_asleep() {
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        for (;;) sleep(1000);
      },
      nullptr);
  pthread_detach(thread);
}

}  // namespace

int main(int argc, char** argv) {
  for (int round = 0; round < 25; ++round) {
    pthread_t threads[4];
    for (pthread_t& thread : threads)
      if (pthread_create(&thread, nullptr, work, nullptr) != 0) return 1;
    for (const pthread_t thread : threads) pthread_join(thread, nullptr);
  }
  const int fd = open("/dev/null", O_RDONLY);
  close(fd);
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "left") == 0) leave_thread();
    if (std::strcmp(argv[i], "sleep") == 0) leave_asleep();
  }
  std::printf("%ld\n", done);
}
