// what: fork while other threads allocate, lock and wait; the child does the same and ends by exit
#include <pthread.h>
#include <sys/wait.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

int main() {
  std::atomic<bool> stop{false};
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      while (!stop) {
        auto block = std::make_unique<char[]>(64);
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
        std::this_thread::yield();
      }
    });
  int good = 0;
  for (int i = 0; i < 40; ++i) {
    pthread_mutex_lock(&mutex);
    const pid_t child = fork();
    pthread_mutex_unlock(&mutex);
    if (child == 0) {
      int sum = 0;
      for (int n = 0; n < 4; ++n) std::thread([&] { sum += *std::make_unique<int>(5); }).join();
      pthread_mutex_lock(&mutex);
      pthread_mutex_unlock(&mutex);
      usleep(10);
      if (i % 2 == 0) _exit(sum);
      exit(sum);
    }
    int status = 0;
    waitpid(child, &status, 0);
    good += WIFEXITED(status) && WEXITSTATUS(status) == 20;
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  SHOW(good);
}
