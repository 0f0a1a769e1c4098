// A library of the program whose constructor starts threads that use every hook: they run while
// other libraries, the tracker among them, are still being started.
#include <pthread.h>
#include <time.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

static std::atomic<bool> stop{false};
static std::vector<std::thread>* threads;

__attribute__((constructor)) static void start() {
  threads = new std::vector<std::thread>;
  for (int i = 0; i < 3; ++i)
    threads->emplace_back([] {
      static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
      while (!stop) {
        auto block = std::make_unique<char[]>(100);
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
        const timespec moment{0, 1000};
        nanosleep(&moment, nullptr);
      }
    });
}
extern "C" int busy_join() {
  stop = true;
  for (auto& thread : *threads) thread.join();
  const int n = static_cast<int>(threads->size());
  delete threads;
  return n;
}
