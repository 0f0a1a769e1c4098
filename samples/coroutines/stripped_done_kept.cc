// what: Two coroutines with their own operator new end and are never destroyed; stripped, -O3.
// expect: outlived-task suspected count=2
// flags: -O3 -s
#include <coroutine>
#include <cstdlib>

struct Job {
  struct promise_type {
    static void* operator new(std::size_t bytes) { return std::malloc(bytes); }
    static void operator delete(void* frame) { std::free(frame); }
    Job get_return_object() {
      return Job{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept {}
  };
  std::coroutine_handle<promise_type> coroutine;
};

struct Sum {
  int value = 0;
  Job add(int n) {
    value += n;
    co_return;
  }
};

int main() {
  Sum sum;
  for (int i = 0; i < 4; ++i) {
    Job job = sum.add(i);
    job.coroutine.resume();
    if (i % 2 == 0) job.coroutine.destroy();
  }
  return sum.value == 6 ? 0 : 1;
}
