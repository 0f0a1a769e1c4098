// what: Five coroutines run to their final suspension, and nobody destroys their frames (S15, S29).
// expect: orphaned-coroutine proved count=5 created_by=hash_all
#include <coroutine>
#include <vector>

struct Job {
  struct promise_type {
    Job get_return_object() {
      return Job{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_value(int value) { result = value; }
    void unhandled_exception() const noexcept {}
    int result = 0;
  };
  std::coroutine_handle<promise_type> coroutine;
};

Job hash(int block) {
  co_return block * 31;
}

int hash_all() {
  std::vector<Job> jobs;
  for (int block = 0; block < 5; ++block) jobs.push_back(hash(block));
  int sum = 0;
  for (Job& job : jobs) sum += job.coroutine.promise().result;
  return sum;
}

int main() {
  return hash_all() == 310 ? 0 : 1;
}
