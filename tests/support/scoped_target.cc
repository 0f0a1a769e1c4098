// Scopes, and what is started in them.
//   scoped_target words    what the functions answer; exit code 1 and a line for what is wrong
//   scoped_target leave    a thread, a coroutine, one of an inner scope and one that is marked are
//                          left behind by ended scopes; prints "ready", waits for its input's end
//   scoped_target many     more scopes than there is room for at a time, one after the other
#include <unistd.h>

#include <atomic>
#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "libtrack/include/track/track.h"

namespace {

int wrong = 0;
void check(bool right, const char* what) {
  if (right) return;
  std::printf("wrong: %s\n", what);
  wrong = 1;
}
#define CHECK(condition) check(condition, #condition)

std::string scope_label() {
  const char* value = track_labels_get(track_labels(), "track.scope");
  return value == nullptr ? "" : value;
}

std::atomic<int> released{0};
void wait_for(int number) {
  for (int seen; (seen = released.load()) < number;) released.wait(seen);
}
void release(int number) {
  released = number;
  released.notify_all();
}

constexpr uint64_t kLong_ns = 60000000000;

int words() {
  CHECK(track_scope_close(0) == 0);
  CHECK(track_scope_live(0, kLong_ns) == 0);
  CHECK(track_scope_end(12345, 0) == 0);
  CHECK(track_label_set("track.scope", "1") == 0);
  const track_labels_t before = track_labels();
  const track_scope_t outer = track_scope_begin("outer");
  CHECK(outer != 0 && track_labels() != before);
  const track_labels_t in_outer = track_labels();
  const track_scope_t inner = track_scope_begin(nullptr);
  std::thread([] { std::thread(wait_for, 1).detach(); }).join();
  // The one in the middle has ended.
  CHECK(track_scope_live(inner, 0) == 1 && track_scope_live(outer, 0) == 1);
  CHECK(track_scope_end(inner, 1000) == 1);
  CHECK(track_labels() == in_outer);
  CHECK(track_scope_close(inner) == 0);
  CHECK(track_scope_live(inner, 0) == 1);
  std::thread releaser([] {
    track_label_set("track.scope", nullptr);
    release(1);
  });
  releaser.join();
  CHECK(track_scope_live(outer, kLong_ns) == 0);
  // Ended by another thread: here it stays the task's own until it takes its labels of before.
  std::thread([outer] { CHECK(track_scope_close(outer) == 1); }).join();
  CHECK(!scope_label().empty());
  track_labels_use(before);
  CHECK(track_labels() == before && scope_label().empty());
  // What was kept of a scope means no later one in its slot.
  for (int i = 0; i < 200; ++i) {
    track::scope scope("passing");
    CHECK(scope.id() != 0 && scope.id() != outer && scope.id() != inner);
  }
  CHECK(track_labels() == before);
  CHECK(track_scope_live(outer, 0) == 0);
  {
    track::scope scope("later");
    std::vector<track_scope_t> all;
    for (int i = 0; i < 40; ++i) all.push_back(track_scope_begin("deep"));
    const track_labels_t deep = track_labels();
    track_labels_use(in_outer);
    CHECK(scope_label().empty());
    track_labels_use(deep);
    CHECK(track_labels() == deep);
    while (!all.empty()) {
      CHECK(track_scope_close(all.back()) == 1);
      all.pop_back();
    }
    track::label label("tenant", "a");
    track::label other("tenant", "b");
  }
  CHECK(track_labels() == before);
  // No set: nothing changes.
  track::label label("tenant", "c");
  const track_labels_t labelled = track_labels();
  track_labels_use(1u << 15);
  track_labels_use(labelled | 1u << 20);
  track_labels_use(UINT32_MAX);
  CHECK(track_labels() == labelled);
  CHECK(track_lost() == 0);
  return wrong;
}

struct Job {
  struct promise_type {
    Job get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
  };
  std::coroutine_handle<promise_type> handle;
};

Job session() {
  co_await std::suspend_always();
}

std::vector<std::coroutine_handle<>> kept;
[[gnu::noinline]] void keep_session() {
  const Job job = session();
  job.handle.resume();
  kept.push_back(job.handle);
}
[[gnu::noinline]] void pass_session() {
  const Job job = session();
  job.handle.resume();
  job.handle.destroy();
}

[[gnu::noinline]] void start_forgotten(std::latch& there, bool marked) {
  std::thread([&there, marked] {
    if (marked) track_task_long_lived(1);
    there.count_down();
    for (;;) ::pause();
  }).detach();
}

int leave() {
  auto& there = *new std::latch(4);
  for (int i = 0; i < 20; ++i) pass_session();
  start_forgotten(there, false);  // in no scope
  {
    track::scope request("request");
    start_forgotten(there, false);
    start_forgotten(there, true);
    keep_session();
    std::thread([] {}).join();
    {
      track::scope query("query");
      start_forgotten(there, false);
    }
  }
  track::scope open("still open");
  start_forgotten(*new std::latch(1), false);
  there.wait();
  std::puts("ready");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  std::_Exit(track_lost() == 0 ? 0 : 1);
}

int many() {
  for (int i = 0; i < 100000; ++i) {
    track::scope scope("request");
    track::scope inner("query");
    check(scope.id() != 0 && inner.id() != 0, "room for scopes");
  }
  CHECK(track_lost() == 0);
  std::vector<track_scope_t> open;
  for (int i = 0; i < 1023; ++i) open.push_back(track_scope_begin("open"));
  CHECK(open.back() != 0 && track_lost() == 0);
  CHECK(track_scope_begin("one more") == 0 && track_lost() == 1);
  while (!open.empty()) {
    CHECK(track_scope_close(open.back()) == 1);
    open.pop_back();
  }
  CHECK(track_scope_begin("again") != 0);
  return wrong;
}

}  // namespace

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  if (std::strcmp(what, "words") == 0) return words();
  if (std::strcmp(what, "leave") == 0) return leave();
  if (std::strcmp(what, "many") == 0) return many();
  return 2;
}
