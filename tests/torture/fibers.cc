// what: ucontext fibers on heap and mmap stacks that allocate, lock, wait and move between threads
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>

#include <memory>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static ucontext_t scheduler, fibers[16];
static int running, sums[16];

[[gnu::noinline]] static int work(int depth) {
  auto block = std::make_unique<int>(depth);
  if (depth == 0) {
    const timespec moment{0, 1000};
    nanosleep(&moment, nullptr);
    return 0;
  }
  return *block + work(depth - 1);
}

static void body() {
  const int self = running;
  for (int round = 0; round < 5; ++round) {
    pthread_mutex_lock(&mutex);
    sums[self] += work(10 + round);
    pthread_mutex_unlock(&mutex);
    swapcontext(&fibers[self], &scheduler);
  }
}

static void run_all() {
  for (running = 0; running < 16; ++running) swapcontext(&scheduler, &fibers[running]);
}

int main() {
  constexpr size_t kBytes = 65536;
  std::vector<std::unique_ptr<char[]>> heap;
  for (int i = 0; i < 16; ++i) {
    getcontext(&fibers[i]);
    heap.push_back(std::make_unique<char[]>(kBytes));
    fibers[i].uc_stack.ss_sp = i % 2 != 0 ? heap.back().get()
                                          : mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fibers[i].uc_stack.ss_size = kBytes;
    fibers[i].uc_link = &scheduler;
    makecontext(&fibers[i], body, 0);
  }
  run_all();
  for (int i = 0; i < 4; ++i) std::thread(run_all).join();
  int sum = 0;
  for (int n : sums) sum += n;
  SHOW(sum);
}
