// what: Coroutines with their own operator new end and are destroyed; stripped, -O3.
// expect: clean
// flags: -O3 -s
#include <coroutine>
#include <cstdlib>
#include <vector>

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

// The compiler does without a frame that it sees end.
[[gnu::noinline]] void start(Job& job, Sum& sum) {
  job = sum.add(1);
}

int main(int argc, char**) {
  Sum sum;
  std::vector<Job> jobs(8 * argc);
  for (Job& job : jobs) start(job, sum);
  for (size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].coroutine.resume();
    jobs[i].coroutine.destroy();
    jobs[i].coroutine = nullptr;
  }
  return sum.value == 8 ? 0 : 1;
}
