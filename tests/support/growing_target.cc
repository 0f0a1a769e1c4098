// Threads and memory on demand, by lines on standard input; answers each with "ready".
//   leak N    N more threads that stay until the end
//   work N    the last such ones end, N others begin
//   dead N    (1) two threads that wait for each other, for ever
//   keep N    N blocks of 1 KiB more that stay; the same of scratch memory, freed again
#include <barrier>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace {

std::mutex g_mutex;
std::condition_variable g_changed;
int g_round = 0;  // of workers
bool g_over = false;

void stay() {
  std::unique_lock lock(g_mutex);
  g_changed.wait(lock, [] { return g_over; });
}

void work(int round) {
  std::unique_lock lock(g_mutex);
  g_changed.wait(lock, [round] { return g_over || g_round != round; });
}

[[gnu::noinline]] void leak(std::vector<std::thread>& threads) {
  threads.emplace_back(stay);
  asm volatile("");  // no tail call: its frame stays on the stack
}

[[gnu::noinline]] void serve(std::vector<std::thread>& threads) {
  threads.emplace_back(work, g_round);
  asm volatile("");
}

std::vector<std::vector<char>> g_kept;

[[gnu::noinline]] std::vector<char> make_block() {
  std::vector<char> block(1024);
  asm volatile("");
  return block;
}

[[gnu::noinline]] void keep(int count) {
  for (int i = 0; i < count; ++i) g_kept.push_back(make_block());
  asm volatile("");
}

[[gnu::noinline]] void scratch(int count) {
  std::vector<std::vector<char>> some;
  for (int i = 0; i < count; ++i) some.push_back(make_block());
  asm volatile("");
}

std::mutex g_first, g_second;
std::barrier g_both(2);

// The compiler may not know that the other one takes them the other way round.
[[gnu::noinline]] void take_both(std::mutex& one, std::mutex& other) {
  const std::lock_guard first(one);
  g_both.arrive_and_wait();
  const std::lock_guard second(other);
  asm volatile("");
}

[[gnu::noinline]] void lock_up() {
  std::thread(take_both, std::ref(g_first), std::ref(g_second)).detach();
  std::thread(take_both, std::ref(g_second), std::ref(g_first)).detach();
  asm volatile("");
}

void end_round(std::vector<std::thread>& threads) {
  {
    const std::lock_guard lock(g_mutex);
    ++g_round;
  }
  g_changed.notify_all();
  for (std::thread& thread : threads) thread.join();
  threads.clear();
}

}  // namespace

int main() {
  std::vector<std::thread> leaked, workers;
  char order[16];
  int count = 0;
  while (std::scanf("%15s %d", order, &count) == 2) {
    if (order[0] == 'w') end_round(workers);
    if (order[0] == 'k') {
      keep(count);
      scratch(count);
      count = 0;
    }
    if (order[0] == 'd') {
      lock_up();
      count = 0;
    }
    for (int i = 0; i < count; ++i) order[0] == 'w' ? serve(workers) : leak(leaked);
    std::puts("ready");
    std::fflush(stdout);
  }
  end_round(workers);
  {
    const std::lock_guard lock(g_mutex);
    g_over = true;
  }
  g_changed.notify_all();
  for (std::thread& thread : leaked) thread.join();
}
