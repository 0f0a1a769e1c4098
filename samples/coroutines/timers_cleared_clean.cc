// what: Cancelling timers resumes those who sleep.
// expect: clean
#include <coroutine>
#include <map>
#include <utility>

#include "samples/support/task.h"

class Timers {
 public:
  struct sleep {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) { timers.queue_.emplace(due, awaiting); }
    void await_resume() const noexcept {}
    Timers& timers;
    int due;
  };
  sleep until(int due) { return {*this, due}; }
  void advance(int now) {
    while (!queue_.empty() && queue_.begin()->first <= now)
      queue_.extract(queue_.begin()).mapped().resume();
  }
  void cancel() {
    for (auto& [due, waiting] : std::exchange(queue_, {})) waiting.resume();
  }

 private:
  std::multimap<int, std::coroutine_handle<>> queue_;
};

static Timers& timers = *new Timers;
static int ticks = 0;

co::task<> tick(int due) {
  co_await timers.until(due);
  ticks += 1;
}

co::detached start(int due) {
  co_await tick(due);
}

int main() {
  for (int i = 0; i < 4; ++i) start(i * 10);
  timers.advance(15);
  timers.cancel();
  return ticks == 4 ? 0 : 1;
}
