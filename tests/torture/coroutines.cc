// what: coroutines made, resumed and destroyed on several threads, shared and own allocators
// flags: -std=c++20
#include <coroutine>
#include <memory>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

template <bool OwnAllocator>
struct Task {
  struct promise_type {
    int value = 0;
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_value(int v) { value = v; }
    void unhandled_exception() { value = -1; }
    static void* operator new(size_t n) { return OwnAllocator ? malloc(n) : ::operator new(n); }
    static void operator delete(void* p) { OwnAllocator ? free(p) : ::operator delete(p); }
  };
  std::coroutine_handle<promise_type> handle;
};

template <bool Own>
static Task<Own> count(int n) {
  auto block = std::make_unique<int>(n);
  co_await std::suspend_always{};
  if (n % 10 == 0) throw n;
  co_return *block + 1;
}

template <bool Own>
static long run(int seed) {
  long sum = 0;
  for (int round = 0; round < 40; ++round) {
    std::vector<Task<Own>> tasks;
    for (int i = 0; i < 50; ++i) tasks.push_back(count<Own>(seed + i));
    for (auto& task : tasks) task.handle.resume();
    for (auto& task : tasks)
      if (task.handle.address() != nullptr && round % 2 == 0) task.handle.resume();
    for (auto& task : tasks) sum += task.handle.promise().value;
    if (round % 7 == 0) usleep(1);
    for (auto& task : tasks) task.handle.destroy();
  }
  return sum;
}

int main() {
  long sums[4] = {};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] { sums[i] = run<true>(i) + run<false>(i); });
  for (auto& thread : threads) thread.join();
  for (long sum : sums) SHOW(sum);
  // Made here, resumed there, destroyed elsewhere.
  auto task = count<false>(5);
  std::thread([&] { task.handle.resume(); }).join();
  std::thread([&] { task.handle.resume(); }).join();
  SHOW(task.handle.promise().value);
  std::thread([&] { task.handle.destroy(); }).join();
}
