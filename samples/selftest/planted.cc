// What `track selftest` runs: one defect for each rule, and its twin without it.
//   planted RULE leak|clean      ends by itself (those that grow: when their input ends)
//   planted cost WHAT            prints what one operation takes, in nanoseconds
// Built with the product, so that a machine without a compiler can be tested.
#include <semaphore.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "samples/support/task.h"
#include "samples/support/thread_pool.h"

// With external linkage: what nobody outside could read, a compiler need not store.
std::coroutine_handle<> parked;
void* kept_block;
std::thread* kept_thread;
std::vector<std::thread>* growing_threads;
std::vector<void*>* growing_blocks;

namespace {

std::mutex accounts, journal;
std::latch step(1), other_step(1), both(2);

void transfer(std::mutex& from, std::mutex& to, bool opposite) {
  std::lock_guard first(from);
  if (opposite) both.arrive_and_wait();
  std::lock_guard second(to);
}

void deadlock(bool leak) {
  std::thread one(transfer, std::ref(accounts), std::ref(journal), leak);
  std::thread other(transfer, std::ref(leak ? journal : accounts),
                    std::ref(leak ? accounts : journal), leak);
  if (leak) {
    both.wait();
    one.detach();
    other.detach();
  } else {
    one.join();
    other.join();
  }
}

struct Request {
  std::mutex mutex;
  std::condition_variable answered;
  bool done = false;
};

void wait_for_answer(Request* request) {
  std::unique_lock lock(request->mutex);
  step.count_down();
  request->answered.wait(lock, [&] { return request->done; });
}

void stuck_task(bool leak) {
  auto* request = new Request;
  std::thread waiting(wait_for_answer, request);
  step.wait();
  // Whoever gets the lock after the step: the other one waits by then.
  { const std::lock_guard lock(request->mutex); }
  if (!leak) {
    {
      const std::lock_guard lock(request->mutex);
      request->done = true;
    }
    request->answered.notify_one();
    waiting.join();
    delete request;
    return;
  }
  waiting.detach();
}

struct Forgets {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) const noexcept {
    if (keep) parked = waiting;
    asm volatile("" : : "r"(waiting.address()) : "memory");  // else the whole frame is removed
  }
  void await_resume() const noexcept {}
  bool keep;
};

int uploads = 0;

co::detached upload(bool keep) {
  co_await Forgets{keep};
  ++uploads;
}

void orphaned_coroutine(bool leak) {
  upload(!leak);
  if (!leak) parked.resume();
}

void unjoined_thread(bool leak) {
  auto* thread = new std::thread([] { step.count_down(); });
  step.wait();
  if (!leak) {
    thread->join();
    delete thread;
  }
}

sem_t stop;

void outlived_task(bool leak) {
  sem_init(&stop, 0, 0);
  kept_thread = new std::thread([] {
    step.count_down();
    sem_wait(&stop);
  });
  step.wait();
  if (!leak) {
    sem_post(&stop);
    kept_thread->join();
    delete kept_thread;
  }
}

void lock_held_at_exit(bool leak) {
  std::thread([leak] {
    journal.lock();
    if (!leak) journal.unlock();
  }).join();
}

void lock_order(bool leak) {
  std::thread one([] {
    {
      const std::lock_guard first(accounts);
      const std::lock_guard second(journal);
    }
    step.count_down();
    other_step.wait();
  });
  std::thread other([leak] {
    step.wait();
    {
      const std::lock_guard first(leak ? journal : accounts);
      const std::lock_guard second(leak ? accounts : journal);
    }
    other_step.count_down();
  });
  one.join();
  other.join();
}

co::detached add_item(bool under_lock) {
  std::unique_lock lock(journal);
  if (!under_lock) lock.unlock();
  co_await Forgets{true};
  ++uploads;
}

void lock_across_await(bool leak) {
  add_item(leak);
  std::thread waiting([] { const std::lock_guard lock(journal); });
  if (leak) return waiting.detach();
  waiting.join();
  parked.resume();
}

void pool_exhausted(bool leak) {
  auto* pool = new ThreadPool(2);
  auto* answer = new std::promise<int>;
  std::shared_future<int> reply = answer->get_future().share();
  auto* resolving = new std::latch(2);
  if (!leak) answer->set_value(1);
  for (int i = 0; i < 2; ++i)
    pool->post([reply, resolving] {
      resolving->count_down();
      reply.wait();
    });
  if (leak) pool->post([answer] { answer->set_value(1); });
  resolving->wait();
  if (leak) return;
  delete pool;
  delete resolving;
  delete answer;
}

void leaked_memory(bool leak) {
  for (int i = 0; i < 8; ++i) {
    void* block = std::malloc(10000);
    asm volatile("" : : "r"(block) : "memory");
    if (!leak) std::free(block);
  }
}

// Each line of input: a round.
void growing_tasks(bool leak) {
  sem_init(&stop, 0, 0);
  growing_threads = new std::vector<std::thread>;
  std::printf("ready\n");
  for (char byte = 0; read(0, &byte, 1) == 1;) {
    for (int i = 0; i < 4; ++i) {
      if (!leak && growing_threads->size() == 4) break;
      growing_threads->emplace_back([] { sem_wait(&stop); });
    }
    std::printf("ready\n");
  }
  for (std::thread& thread : *growing_threads) (void)thread, sem_post(&stop);
  for (std::thread& thread : *growing_threads) thread.join();
}

void growing_memory(bool leak) {
  growing_blocks = new std::vector<void*>;
  std::printf("ready\n");
  for (char byte = 0; read(0, &byte, 1) == 1;) {
    for (int i = 0; i < 64; ++i) {
      void* block = std::malloc(4000);
      asm volatile("" : : "r"(block) : "memory");
      if (leak)
        growing_blocks->push_back(block);
      else
        std::free(block);
    }
    std::printf("ready\n");
  }
}

constexpr struct {
  const char* rule;
  void (*plant)(bool leak);
} kPlants[] = {
    {"deadlock", deadlock},
    {"stuck-task", stuck_task},
    {"orphaned-coroutine", orphaned_coroutine},
    {"unjoined-thread", unjoined_thread},
    {"outlived-task", outlived_task},
    {"lock-held-at-exit", lock_held_at_exit},
    {"lock-order", lock_order},
    {"lock-across-await", lock_across_await},
    {"pool-exhausted", pool_exhausted},
    {"leaked-memory", leaked_memory},
    {"growing-tasks", growing_tasks},
    {"growing-memory", growing_memory},
};

// Of one of many, in nanoseconds; the best of ten.
template <class Operation>
double cost_of(int count, Operation operation) {
  using Clock = std::chrono::steady_clock;
  double best = 1e18;
  for (int round = 0; round < 10; ++round) {
    const auto began = Clock::now();
    for (int i = 0; i < count; ++i) operation();
    const std::chrono::duration<double, std::nano> took = Clock::now() - began;
    best = std::min(best, took.count() / count);
  }
  return best;
}

co::detached suspend_once() {
  co_await Forgets{true};
  ++uploads;
}

double hand_over() {
  std::mutex mutex;
  std::condition_variable changed;
  int turn = 0;
  constexpr int kTurns = 20000;
  const auto play = [&](int mine) {
    for (int i = 0; i < kTurns; ++i) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return turn == mine; });
      turn = 1 - mine;
      changed.notify_one();
    }
  };
  const auto began = std::chrono::steady_clock::now();
  std::thread other(play, 1);
  play(0);
  other.join();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  return took.count() / (2 * kTurns);
}

double cost(const std::string& what) {
  if (what == "lock") {
    return cost_of(200000, [] { const std::lock_guard lock(journal); });
  }
  if (what == "malloc") {
    return cost_of(200000, [] {
      void* block = std::malloc(64);
      asm volatile("" : : "r"(block) : "memory");
      std::free(block);
    });
  }
  if (what == "coroutine") {
    return cost_of(100000, [] {
      suspend_once();
      parked.resume();
    });
  }
  if (what == "thread") {
    return cost_of(200, [] { std::thread([] {}).join(); });
  }
  if (what == "hand-over") return hand_over();
  return -1;
}

}  // namespace

int main(int count, char** arguments) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (count == 3 && std::strcmp(arguments[1], "cost") == 0) {
    const double ns = cost(arguments[2]);
    std::printf("%.2f\n", ns);
    return ns < 0 ? 2 : 0;
  }
  for (const auto& [rule, plant] : kPlants)
    if (count == 3 && std::strcmp(arguments[1], rule) == 0) {
      plant(std::strcmp(arguments[2], "leak") == 0);
      return 0;
    }
  std::fprintf(stderr, "usage: planted RULE leak|clean, or planted cost WHAT\n");
  return 2;
}
