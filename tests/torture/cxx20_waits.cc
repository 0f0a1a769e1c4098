// what: C++20 waits: jthread and stop tokens, atomic wait, latch, barrier completion, semaphore
// flags: -std=c++20
#include <atomic>
#include <barrier>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

int main() {
  using namespace std::chrono_literals;
  {
    std::mutex m;
    std::condition_variable_any c;
    bool satisfied = true;
    std::jthread t([&](std::stop_token stop) {
      std::unique_lock l(m);
      // Not said here: the stop wakes this thread before or after the callback below says its word.
      satisfied = c.wait(l, stop, [] { return false; });
    });
    std::stop_callback callback(t.get_stop_token(), [] { puts("stopping"); });
    t.request_stop();
    t.join();
    CHECK(!satisfied);
  }
  {
    std::atomic<int> word{0};
    std::atomic<char> small{0};
    std::atomic_flag flag{};
    std::jthread a([&] {
      word.wait(0);
      small = 1;
      small.notify_all();
    });
    std::jthread b([&] {
      small.wait(0);
      flag.test_and_set();
      flag.notify_one();
    });
    word = 1;
    word.notify_all();
    flag.wait(false);
    CHECK(flag.test());
  }
  {
    int completed = 0;
    std::barrier barrier(4, [&]() noexcept {
      free(malloc(50));
      ++completed;
    });
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&, i] {
        for (int r = 0; r < 100; ++r) barrier.arrive_and_wait();
        if (i == 3)
          barrier.arrive_and_drop();
        else
          barrier.arrive_and_wait();
      });
    threads.clear();
    SHOW(completed);
    std::latch latch(3);
    std::jthread x([&] { latch.arrive_and_wait(); }), y([&] { latch.arrive_and_wait(); });
    latch.arrive_and_wait();
    std::counting_semaphore<5> s(0);
    CHECK(!s.try_acquire_for(2ms));
    std::jthread z([&] { s.release(2); });
    s.acquire();
    CHECK(s.try_acquire_for(10s));
  }
  {
    std::once_flag once;
    int tries = 0;
    for (int i = 0; i < 4; ++i) {
      try {
        std::call_once(once, [&] {
          if (++tries < 3) throw tries;
        });
        puts("once");
      } catch (int n) {
        printf("thrown %d\n", n);
      }
    }
    static int made = 0;
    struct Thrower {
      Thrower() {
        if (++made < 3) throw made;
      }
    };
    std::vector<std::jthread> all;
    for (int i = 0; i < 6; ++i)
      all.emplace_back([] {
        for (int k = 0; k < 3; ++k) try {
            static Thrower t;
          } catch (int) {
          }
      });
    all.clear();
    SHOW(made);
  }
  {
    std::promise<int> p;
    auto f = p.get_future();
    CHECK(f.wait_for(1ms) == std::future_status::timeout);
    std::jthread t([&] { p.set_value_at_thread_exit(5); });
    SHOW(f.get());
    auto a = std::async(std::launch::async, [] { return 6; });
    SHOW(a.get());
    std::packaged_task<int()> broken([]() -> int { throw 1; });
    auto g = broken.get_future();
    broken();
    try {
      g.get();
    } catch (int) {
      puts("caught");
    }
    std::shared_timed_mutex s;
    s.lock();
    std::jthread([&] {
      CHECK(!s.try_lock_shared_for(2ms));
      CHECK(!s.try_lock_until(std::chrono::steady_clock::now() + 2ms));
    });
    s.unlock();
    std::recursive_timed_mutex r;
    r.lock();
    r.lock();
    std::jthread([&] { CHECK(!r.try_lock_for(2ms)); });
    std::mutex m1, m2;
    std::jthread k([&] {
      for (int i = 0; i < 1000; ++i) std::scoped_lock both(m1, m2);
    });
    for (int i = 0; i < 1000; ++i) std::scoped_lock both(m2, m1);
  }
  try {
    std::thread().detach();
  } catch (const std::system_error& e) {
    SHOW(e.code().value());
  }
  std::mutex own;
  own.lock();
  std::unique_lock l(own, std::adopt_lock);
  try {
    l.lock();
  } catch (const std::system_error& e) {
    SHOW(e.code().value());
  }
}
