// Coroutines that burn CPU time while others await them: spawn() starts session, which awaits
// handler, which awaits compute; that one goes through a queue, so that a loop resumes it and none
// of the others is on the stack. Every other turn compute takes its work from a generator.
// Argument: how long, in milliseconds of CPU time.
#include <time.h>

#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <new>
#include <utility>

namespace {

std::deque<std::coroutine_handle<>> ready;
volatile double sink;
bool over = false;

double cpu_ms() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

[[gnu::noinline]] void burn() {
  double x = sink;
  for (int i = 0; i < 20000; ++i) x += i * 0.5;
  sink = x;
}

struct Task {
  struct promise_type {
    std::coroutine_handle<> awaiter;
    Task get_return_object() { return Task{handle::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> own) noexcept {
        const auto awaiter = own.promise().awaiter;
        return awaiter ? awaiter : std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  using handle = std::coroutine_handle<promise_type>;
  handle coroutine;

  explicit Task(handle h) : coroutine(h) {}
  Task(Task&& other) noexcept : coroutine(std::exchange(other.coroutine, {})) {}
  ~Task() {
    if (coroutine) coroutine.destroy();
  }
  bool await_ready() const { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) {
    coroutine.promise().awaiter = awaiter;
    return coroutine;
  }
  void await_resume() {}
};

struct Turn {
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> h) { ready.push_back(h); }
  void await_resume() {}
};

struct Numbers {
  struct promise_type {
    int value = 0;
    Numbers get_return_object() {
      return Numbers{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(int v) {
      value = v;
      return {};
    }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> coroutine;
};

Numbers burning_numbers() {
  for (int i = 0;; ++i) {
    burn();
    co_yield i;
  }
}

Task compute() {
  Numbers numbers = burning_numbers();
  for (int i = 0; !over; ++i) {
    co_await Turn();
    if (i % 2 == 0)
      burn();
    else
      numbers.coroutine.resume();
  }
  numbers.coroutine.destroy();
}

Task handler() {
  co_await compute();
}

Task session() {
  co_await handler();
}

}  // namespace

extern "C" [[gnu::noinline]] void spawn(Task* place) {
  new (place) Task(session());
  place->coroutine.resume();
  asm volatile("");
}

// So many turns at most.
extern "C" [[gnu::noinline]] void run_loop(int turns) {
  while (turns-- > 0 && !ready.empty()) {
    const auto next = ready.front();
    ready.pop_front();
    next.resume();
  }
  asm volatile("");
}

int main(int count, char** arguments) {
  const double end = cpu_ms() + (count > 1 ? std::atof(arguments[1]) : 300);
  alignas(Task) char place[2][sizeof(Task)];
  Task* tasks[2] = {reinterpret_cast<Task*>(place[0]), reinterpret_cast<Task*>(place[1])};
  for (Task* task : tasks) spawn(task);
  while (!over) {
    run_loop(100);
    over = cpu_ms() >= end;
  }
  run_loop(1000);
  for (Task* task : tasks) task->~Task();
  std::puts("done");
}
