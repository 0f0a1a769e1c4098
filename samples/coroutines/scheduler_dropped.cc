// what: A run loop is destroyed with coroutine handles in its queue; they are just dropped (S17).
// expect: orphaned-coroutine proved count=4 created_by=queue_reports
#include <coroutine>
#include <deque>

#include "samples/support/task.h"

class RunLoop {
 public:
  auto schedule() {
    struct awaiter {
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> awaiting) { loop.ready_.push_back(awaiting); }
      void await_resume() const noexcept {}
      RunLoop& loop;
    };
    return awaiter{*this};
  }
  void run_one() {
    std::coroutine_handle<> next = ready_.front();
    ready_.pop_front();
    next.resume();
  }

 private:
  std::deque<std::coroutine_handle<>> ready_;
};

static int reports = 0;

co::detached report(RunLoop& loop) {
  co_await loop.schedule();
  reports += 1;
}

void queue_reports(RunLoop& loop) {
  for (int i = 0; i < 5; ++i) report(loop);
}

int main() {
  RunLoop loop;
  queue_reports(loop);
  loop.run_one();
  return reports == 1 ? 0 : 1;
}
