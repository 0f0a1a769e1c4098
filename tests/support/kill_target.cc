// kill_target.cc ORACLE: threads, coroutines, locks and waits without end, told to the oracle as
// they are (kill_oracle.h). Prints a line when everything is under way. SIGUSR1: the thread that
// gets it calls abort(); SIGUSR2: it stores to nowhere.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <coroutine>
#include <cstdio>
#include <cstdlib>

#include "tests/support/kill_oracle.h"

namespace {

using track::test::KillOracle;

KillOracle* oracle;
int* volatile wild = nullptr;
pthread_mutex_t mutexes[8];  // 0 and 1 are never given back
constexpr int kShared = 6;

struct Task {
  struct promise_type {
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};
__attribute__((noinline)) Task small(int n) {
  volatile int kept = n;
  co_await std::suspend_always{};
  kept = kept + 1;
}
__attribute__((noinline)) Task large(int n) {
  volatile int kept[100] = {n};
  co_await std::suspend_always{};
  kept[0] = kept[0] + 1;
}

void* work(void* argument) {
  auto& mine = *static_cast<KillOracle::Worker*>(argument);
  mine.tid = gettid();
  Task tasks[track::test::kParked] = {};
  auto random = static_cast<unsigned>(gettid());
  for (;;) {
    const int i = rand_r(&random) % track::test::kParked;
    if (tasks[i].handle) {
      mine.parked[i] = 0;
      tasks[i].handle.destroy();
      tasks[i].handle = nullptr;
    } else {
      tasks[i] = i % 2 == 0 ? small(i) : large(i);
      mine.parked[i] = reinterpret_cast<uint64_t>(tasks[i].handle.address());
    }
    pthread_mutex_t* mutex = &mutexes[2 + rand_r(&random) % kShared];
    pthread_mutex_lock(mutex);
    mine.holds = reinterpret_cast<uint64_t>(mutex);
    if (i == 0) usleep(20);
    mine.holds = 0;
    pthread_mutex_unlock(mutex);
    ++oracle->rounds;
  }
}

void* live_shortly(void* argument) {
  auto& mine = *static_cast<std::atomic<int32_t>*>(argument);
  mine = gettid();
  usleep(50);
  mine = 0;
  return nullptr;
}
void* spawn(void*) {
  for (;;) {
    pthread_t threads[track::test::kShort];
    for (int i = 0; i < track::test::kShort; ++i)
      if (pthread_create(&threads[i], nullptr, live_shortly, &oracle->short_lived[i]) != 0) abort();
    for (auto& thread : threads) pthread_join(thread, nullptr);
  }
}

void* block(void* argument) {
  auto& mine = *static_cast<KillOracle::Blocked*>(argument);
  mine.tid = gettid();
  pthread_mutex_lock(&mutexes[&mine - oracle->blocked]);
  return nullptr;
}

}  // namespace

int main(int, char** argv) {
  signal(SIGUSR1, [](int) { abort(); });
  signal(SIGUSR2, [](int) { *wild = 1; });
  const int fd = open(argv[1], O_RDWR);
  void* page = mmap(nullptr, sizeof(KillOracle), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fd < 0 || page == MAP_FAILED) return 1;
  oracle = static_cast<KillOracle*>(page);
  oracle->mutexes = reinterpret_cast<uint64_t>(&mutexes[0]);
  oracle->mutexes_end = reinterpret_cast<uint64_t>(&mutexes[8]);
  for (auto& mutex : mutexes) pthread_mutex_init(&mutex, nullptr);
  pthread_t thread;
  for (int i = 0; i < track::test::kBlocked; ++i) {
    pthread_mutex_lock(&mutexes[i]);
    pthread_create(&thread, nullptr, block, &oracle->blocked[i]);
    // glibc writes 2 once somebody sleeps or is about to: the wait was published before.
    while (__atomic_load_n(&mutexes[i].__data.__lock, __ATOMIC_ACQUIRE) != 2) sched_yield();
    oracle->blocked[i].mutex = reinterpret_cast<uint64_t>(&mutexes[i]);
  }
  for (auto& worker : oracle->workers) pthread_create(&thread, nullptr, work, &worker);
  pthread_create(&thread, nullptr, spawn, nullptr);
  std::puts("working");
  std::fflush(stdout);
  pthread_join(thread, nullptr);
}
