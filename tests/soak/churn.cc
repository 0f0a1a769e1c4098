// churn threads|coroutines COUNT: makes and ends that many, a few of them alive at a time, and says
// "at N" twenty times on the way. At the end it says "done" and waits for the end of its input, so
// that somebody can look at what is left: one thread, no coroutine.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

namespace {

constexpr uint64_t kSteps = 20;

void say_when_due(uint64_t before, uint64_t now, uint64_t total) {
  if (before * kSteps / total == now * kSteps / total) return;
  std::printf("at %lu\n", static_cast<unsigned long>(now));
  std::fflush(stdout);
}

// Every fourth thread is detached; all take a lock, allocate, and some wait shortly.
constexpr int kAtOnce = 8;
std::mutex shared;
std::atomic<uint64_t> detached_ended;

void* live_shortly(void* argument) {
  const auto number = reinterpret_cast<uint64_t>(argument);
  auto* block = new uint64_t(number);
  {
    const std::lock_guard lock(shared);
    *block += 1;
  }
  delete block;
  if (number % 64 == 0) usleep(1);
  return nullptr;
}
void* live_detached(void* argument) {
  live_shortly(argument);
  ++detached_ended;
  return nullptr;
}

[[gnu::noinline]] void make(pthread_t* thread, const pthread_attr_t* attributes,
                            void* (*routine)(void*), uint64_t number) {
  if (pthread_create(thread, attributes, routine, reinterpret_cast<void*>(number)) == 0) return;
  std::perror("churn: pthread_create");
  std::exit(1);
}

void churn_threads(uint64_t total) {
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  uint64_t made_detached = 0;
  for (uint64_t done = 0; done < total;) {
    pthread_t joinable[kAtOnce];
    int joined = 0;
    const uint64_t before = done;
    for (int i = 0; i < kAtOnce && done < total; ++i, ++done) {
      pthread_t thread;
      if (done % 4 == 3) {
        make(&thread, &detached, live_detached, done);
        ++made_detached;
      } else {
        make(&joinable[joined++], nullptr, live_shortly, done);
      }
    }
    for (int i = 0; i < joined; ++i) pthread_join(joinable[i], nullptr);
    // Not more at once than that, or the machine is what is tested.
    while (made_detached - detached_ended > 2 * kAtOnce) sched_yield();
    say_when_due(before, done, total);
  }
  while (made_detached != detached_ended) sched_yield();
}

struct Task {
  struct promise_type {
    std::coroutine_handle<> awaiter;
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    auto final_suspend() noexcept {
      struct Back {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) noexcept {
          const auto awaiter = ended.promise().awaiter;
          return awaiter ? awaiter : std::noop_coroutine();
        }
        void await_resume() noexcept {}
      };
      return Back{};
    }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
  };
  std::coroutine_handle<promise_type> handle;

  bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) {
    handle.promise().awaiter = awaiter;
    return handle;
  }
  void await_resume() { handle.destroy(); }
};

template <int kWords>
[[gnu::noinline]] Task leaf(uint64_t number) {
  volatile uint64_t kept[kWords] = {number};
  co_await std::suspend_never{};
  kept[0] = kept[0] + 1;
}
[[gnu::noinline]] Task parent(uint64_t number) {
  co_await leaf<4>(number);
  co_await std::suspend_always{};
}

// Frames that the other worker destroys.
std::mutex handed_lock;
std::vector<std::coroutine_handle<>> handed;

void destroy_handed() {
  std::vector<std::coroutine_handle<>> mine;
  {
    const std::lock_guard lock(handed_lock);
    mine.swap(handed);
  }
  for (const auto handle : mine) handle.destroy();
}

// Five frames a turn.
constexpr uint64_t kATurn = 5;
void turn(uint64_t number) {
  const Task small = leaf<1>(number), large = leaf<64>(number), middle = leaf<16>(number);
  const Task both = parent(number);
  small.handle.resume();
  both.handle.resume();
  both.handle.destroy();
  large.handle.destroy();
  small.handle.destroy();
  if (number % 16 != 0) return middle.handle.destroy();
  {
    const std::lock_guard lock(handed_lock);
    handed.push_back(middle.handle);
  }
  if (number % 64 == 0) destroy_handed();
}

void churn_coroutines(uint64_t total) {
  const uint64_t turns = total / kATurn;
  std::atomic<uint64_t> done{0};
  const auto work = [&] {
    constexpr uint64_t kPiece = 1000;
    for (uint64_t first; (first = done.fetch_add(kPiece)) < turns;) {
      const uint64_t end = first + kPiece < turns ? first + kPiece : turns;
      for (uint64_t i = first; i < end; ++i) turn(i);
      say_when_due(first, end, turns);
    }
  };
  std::thread other(work);
  work();
  other.join();
  destroy_handed();
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t total = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
  if (total < kSteps) {
    std::fprintf(stderr, "usage: churn threads|coroutines COUNT (at least %lu)\n",
                 static_cast<unsigned long>(kSteps));
    return 2;
  }
  if (std::strcmp(argv[1], "threads") == 0)
    churn_threads(total);
  else
    churn_coroutines(total);
  std::puts("done");
  std::fflush(stdout);
  char rest;
  while (read(STDIN_FILENO, &rest, 1) > 0) {
  }
}
