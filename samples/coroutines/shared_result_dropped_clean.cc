// what: A shared result is finished for those who wait.
// expect: clean
#include <coroutine>
#include <memory>
#include <utility>
#include <vector>

#include "samples/support/task.h"

// One result, many who wait for it.
class Shared {
 public:
  auto operator co_await() {
    struct awaiter {
      bool await_ready() const noexcept { return state->done; }
      void await_suspend(std::coroutine_handle<> awaiting) { state->waiting.push_back(awaiting); }
      void await_resume() const noexcept {}
      std::shared_ptr<State> state;
    };
    return awaiter{state_};
  }
  void finish() {
    state_->done = true;
    for (const auto& one : std::exchange(state_->waiting, {})) one.resume();
  }

 private:
  struct State {
    bool done = false;
    std::vector<std::coroutine_handle<>> waiting;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

static int heard = 0;

co::detached listen(Shared shared) {
  co_await shared;
  heard += 1;
}

void publish() {
  Shared shared;
  for (int i = 0; i < 2; ++i) listen(shared);
  shared.finish();
}

int main() {
  publish();
  return heard == 2 ? 0 : 1;
}
