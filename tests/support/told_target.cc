// Coroutines that tell of themselves (track/coroutine.h), in an arena that no allocator's hook sees
// into. Each line where one waits in the end is marked `wait: NAME`. Prints "ready", goes on with
// one of them at the first byte it reads, says "ready" again, and ends at the second.
#include <track/coroutine.h>
#include <track/wait.h>
#include <unistd.h>

#include <coroutine>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

namespace {

// Zeroed, and given back never or all at once.
class Arena {
 public:
  void* take(std::size_t bytes) {
    bytes = (bytes + 63) & ~std::size_t{63};
    if (used_ + bytes > sizeof memory_) std::abort();
    return memory_ + std::exchange(used_, used_ + bytes);
  }
  void drop() {
    std::memset(memory_, 0, used_);
    used_ = 0;
  }

 private:
  alignas(64) std::byte memory_[1 << 18];
  std::size_t used_ = 0;
};
Arena arena, dropped;

template <class Promise>
struct in_arena {
  static void* operator new(std::size_t bytes) { return arena.take(bytes); }
  static void operator delete(void*) {}
};

struct task {
  struct promise_type : track::traced_promise<promise_type>, in_arena<promise_type> {
    struct resume_awaiter {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(
          std::coroutine_handle<promise_type> own) const noexcept {
        return own.promise().awaiter;
      }
      void await_resume() const noexcept {}
    };
    task get_return_object() noexcept {
      return task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    auto initial_suspend(track::place here = track::place::current()) noexcept {
      return track_initial(std::suspend_always{}, here);
    }
    auto final_suspend() noexcept { return track_final(resume_awaiter{}); }
    void return_void() noexcept {}
    void unhandled_exception() { std::terminate(); }
    std::coroutine_handle<> awaiter = std::noop_coroutine();
  };

  explicit task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}
  task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  ~task() {
    if (coroutine_) coroutine_.destroy();
  }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
    coroutine_.promise().awaiter = awaiter;
    coroutine_.promise().track_awaited_by(awaiter);
    return coroutine_;
  }
  void await_resume() const noexcept {}
  void start() { coroutine_.resume(); }

 private:
  std::coroutine_handle<promise_type> coroutine_;
};

struct numbers {
  struct promise_type : track::traced_promise<promise_type>, in_arena<promise_type> {
    numbers get_return_object() noexcept {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    auto yield_value(int, track::place here = track::place::current()) noexcept {
      return track_yield(std::suspend_always{}, here);
    }
    void return_void() noexcept {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> coroutine;
};

// A library's: nothing in it knows of the tracker.
struct foreign {
  struct promise_type : in_arena<promise_type> {
    foreign get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() { std::terminate(); }
  };
};

// The same, its frames in memory that goes without their destructors.
struct careless {
  struct promise_type : track::traced_promise<promise_type> {
    static void* operator new(std::size_t bytes) { return dropped.take(bytes); }
    static void operator delete(void*) {}
    careless get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() { std::terminate(); }
  };
};

// One waiter at a time; an awaitable by its operator co_await.
class gate {
 public:
  auto operator co_await() noexcept {
    struct awaiter {
      gate& of;
      bool await_ready() const noexcept { return of.open_; }
      void await_suspend(std::coroutine_handle<> waiter) noexcept { of.waiter_ = waiter; }
      void await_resume() const noexcept {}
    };
    return awaiter{*this};
  }
  void open() {
    open_ = true;
    if (waiter_) std::exchange(waiter_, nullptr).resume();
  }

 private:
  bool open_ = false;
  std::coroutine_handle<> waiter_;
};
constexpr uint32_t kChannel = TRACK_WAIT_CHANNEL;
int gates;
gate handler_gate, moved_first, moved_second, foreign_gate, careless_gate;

// Cannot be moved, and does not suspend after all.
struct pinned {
  pinned() = default;
  pinned(const pinned&) = delete;
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
  int await_resume() const noexcept { return 7; }
};
struct refused {
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
  void await_resume() const noexcept {}
};
struct throwing {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const { throw std::runtime_error("no"); }
  void await_resume() const noexcept {}
};

task handler(int depth) {
  if (depth > 0)
    co_await handler(depth - 1);  // wait: handler
  else
    co_await track::waits_for(handler_gate, &handler_gate, TRACK_WAIT_EVENT);  // wait: leaf
}
task session() {
  co_await handler(1);  // wait: session
}
task moved() {
  co_await moved_first;
  if (co_await pinned() != 7) std::abort();
  try {
    co_await throwing();
    std::abort();
  } catch (const std::runtime_error&) {
  }
  co_await moved_second;  // wait: moved
}
task finished() {
  co_return;
}
task never_started() {
  co_return;
}
numbers count_up() {
  for (int i = 0;; ++i) co_yield i;  // wait: count_up
}
foreign by_library() {
  co_await track::traced(refused());
  co_await track::traced(track::waits_for(foreign_gate, &gates, kChannel));  // wait: by_library
}
foreign over_and_done() {
  co_await track::traced(refused());
}
careless gone_with_arena() {
  co_await careless_gate;
}

void wait_for_byte() {
  if (write(STDOUT_FILENO, "ready\n", 6) != 6) std::_Exit(1);
  char byte;
  if (read(STDIN_FILENO, &byte, 1) != 1) std::_Exit(1);
}

}  // namespace

int main() {
  task waiting = session(), going = moved(), ended = finished(), lazy = never_started();
  waiting.start();
  going.start();
  ended.start();
  moved_first.open();
  numbers numbers = count_up();
  numbers.coroutine.resume();
  by_library();
  gone_with_arena();
  dropped.drop();
  // What comes and goes leaves nothing.
  for (int i = 0; i < 100; ++i) {
    task brief = finished();
    brief.start();
    over_and_done();
  }
  wait_for_byte();
  moved_second.open();
  wait_for_byte();
  numbers.coroutine.destroy();
}
