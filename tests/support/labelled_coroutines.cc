// Coroutines that keep their labels (track/coroutine_labels.h), whoever resumes them. Exit code 1
// and a line for what is wrong. Without libtrack.so it runs to the same end, and looks at nothing.
#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <thread>
#include <utility>

#include "libtrack/include/track/coroutine_labels.h"

namespace {

int failures = 0;
#define EXPECT(condition)                                     \
  do {                                                        \
    if (!(condition)) {                                       \
      std::printf("line %d: not " #condition "\n", __LINE__); \
      ++failures;                                             \
    }                                                         \
  } while (false)

// The test of the calling task, in a process that is recorded.
bool in_test(const char* name) {
  if (track_is_recording() == 0) return true;
  const char* value = track_labels_get(track_labels(), "test");
  return value != nullptr && std::strcmp(value, name) == 0;
}
bool has(const char* key, const char* value) {
  if (track_is_recording() == 0) return true;
  const char* there = track_labels_get(track_labels(), key);
  return value == nullptr ? there == nullptr : there != nullptr && std::strcmp(there, value) == 0;
}

struct next_of_awaiter {
  bool await_ready() noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept {
    const std::coroutine_handle<> awaiter = ended.promise().awaiter;
    return awaiter ? awaiter : std::noop_coroutine();
  }
  void await_resume() noexcept {}
};

// Begins when it is resumed or awaited.
struct Task {
  struct promise_type : track::labelled_promise<promise_type> {
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    auto initial_suspend(track::place here = track::place::current()) noexcept {
      return track_initial(std::suspend_always{}, here);
    }
    auto final_suspend() noexcept { return track_final(next_of_awaiter{}); }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
    std::coroutine_handle<> awaiter;
  };
  bool await_ready() noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
    handle.promise().awaiter = awaiter;
    handle.promise().track_awaited_by(awaiter);
    return handle;
  }
  void await_resume() noexcept {}
  std::coroutine_handle<promise_type> handle;
};

// Runs at once, and is over by itself.
struct Detached {
  struct promise_type : track::labelled_promise<promise_type> {
    Detached get_return_object() { return {}; }
    auto initial_suspend() noexcept { return std::suspend_never{}; }
    auto final_suspend() noexcept { return track_final(std::suspend_never{}); }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
  };
};

// Who waits is the one to be resumed.
std::coroutine_handle<> parked;
struct park {
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) { parked = coroutine; }
  void await_resume() {}
};
struct throws {
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<>) { throw std::runtime_error("refused"); }
  void await_resume() {}
};
struct goes_on {
  bool await_ready() { return false; }
  bool await_suspend(std::coroutine_handle<>) { return false; }
  void await_resume() {}
};
struct resumes_inside {
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) {
    EXPECT(in_test("A"));  // a job posted here carries them
    coroutine.resume();
  }
  void await_resume() {}
};

Task child() {
  EXPECT(in_test("A") && has("step", "2"));
  co_await park();
  EXPECT(in_test("A") && has("step", "2"));
  track_label_set("step", "of the child");
}

Task parent() {
  EXPECT(in_test("A") && has("step", nullptr));
  track_label_set("step", "1");
  co_await park();
  EXPECT(in_test("A") && has("step", "1"));
  co_await goes_on();
  EXPECT(in_test("A") && has("step", "1"));
  try {
    co_await throws();
  } catch (const std::runtime_error&) {
  }
  EXPECT(in_test("A") && has("step", "1"));
  track_label_set("step", "2");
  Task awaited = child();
  co_await awaited;
  awaited.handle.destroy();
  EXPECT(in_test("A") && has("step", "2"));
  co_await resumes_inside();
  EXPECT(in_test("A") && has("step", "2"));
  std::thread([] { EXPECT(in_test("A") && has("step", "2")); }).join();
}

Detached detached() {
  track_label_set("step", "1");
  co_await park();
  EXPECT(in_test("A") && has("step", "1"));
}

// On a thread of another test, which has its own labels again afterwards.
void resume(std::coroutine_handle<> coroutine) {
  std::thread([coroutine] {
    track_test_begin("B");
    EXPECT(has("step", nullptr));
    coroutine.resume();
    EXPECT(in_test("B") && has("step", nullptr));
  }).join();
}

}  // namespace

int main() {
  track_test_begin("A");
  const Task task = parent();
  detached();
  EXPECT(in_test("A") && has("step", nullptr));
  const std::coroutine_handle<> alone = std::exchange(parked, nullptr);
  track_test_end();
  resume(task.handle);
  resume(parked);  // until the child waits
  EXPECT(parked != task.handle);
  resume(parked);
  EXPECT(task.handle.done());
  resume(alone);
  const Task never_begun = parent();
  never_begun.handle.destroy();
  EXPECT(has("test", nullptr));
  task.handle.destroy();
  std::puts(track_is_recording() != 0 ? "kept" : "not tracked");
  return failures != 0;
}
