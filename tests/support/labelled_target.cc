// Tests that run at the same time in one process, some of which leak what they started: threads,
// what those started, coroutines, fibers, and jobs that a pool of another test's making runs for
// them.
//   labelled_target blame [TESTS]   each test has its token
//   labelled_target unlabelled      the same without tokens: the control
//   labelled_target queries         asks from inside; exit code 1 and a line for what is wrong
#include <ucontext.h>
#include <unistd.h>

#include <barrier>
#include <condition_variable>
#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libtrack/include/track/leaks.h"
#include "libtrack/include/track/track.h"

namespace {

std::mutex gate;
// Never destroyed: that would wait for those who wait.
std::condition_variable& never = *new std::condition_variable;
bool opened = false;

void park() {
  std::unique_lock lock(gate);
  never.wait(lock, [] { return opened; });
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

Job await_for_ever(int times) {
  for (int i = 0; i < times; ++i) co_await std::suspend_always();
}

std::mutex kept_mutex;
std::vector<std::coroutine_handle<>> kept;  // leaked coroutines are still referred to

[[gnu::noinline]] void leak_coroutine() {
  Job job = await_for_ever(3);
  job.handle.resume();
  std::scoped_lock lock(kept_mutex);
  kept.push_back(job.handle);
}

[[gnu::noinline]] void finish_coroutine() {
  Job job = await_for_ever(1);
  job.handle.resume();
  job.handle.resume();
  job.handle.destroy();
}

thread_local ucontext_t here;
std::vector<std::unique_ptr<ucontext_t>> kept_fibers;
void fiber_body() {
  leak_coroutine();  // the fiber's labels are those of who made it
}

// Made by its test; nobody lets it run.
[[gnu::noinline]] void leak_fiber() {
  auto fiber = std::make_unique<ucontext_t>();
  constexpr size_t kBytes = 64 << 10;
  getcontext(fiber.get());
  fiber->uc_stack.ss_sp = std::malloc(kBytes);
  fiber->uc_stack.ss_size = kBytes;
  fiber->uc_link = &here;
  makecontext(fiber.get(), fiber_body, 0);
  std::scoped_lock lock(kept_mutex);
  kept_fibers.push_back(std::move(fiber));
}

[[gnu::noinline]] void leak_thread() {
  std::thread(park).detach();
}
[[gnu::noinline]] void leak_grandchild() {
  std::thread([] { std::thread(park).detach(); }).join();
}
[[gnu::noinline]] void finish_thread() {
  std::thread([] {}).join();
}

// Made before any test; it works for all of them.
class Pool {
 public:
  explicit Pool(int workers) {
    for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Pool() {
    {
      std::scoped_lock lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  void run(std::function<void()> job) {
    Entry entry{track_labels(), std::move(job)};
    std::unique_lock lock(mutex_);
    entries_.push_back(&entry);
    changed_.notify_all();
    changed_.wait(lock, [&] { return entry.done; });
  }

 private:
  struct Entry {
    track_labels_t labels;
    std::function<void()> job;
    bool done = false;
  };

  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return over_ || !entries_.empty(); });
      if (entries_.empty()) return;
      Entry* entry = entries_.front();
      entries_.pop_front();
      lock.unlock();
      {
        track::with_labels as_giver(entry->labels);
        entry->job();
      }
      lock.lock();
      entry->done = true;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry*> entries_;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

constexpr int kSorts = 6;

void test_body(int number, Pool& pool) {
  finish_coroutine();
  finish_thread();
  switch (number % kSorts) {
    case 0:
      return leak_thread();
    case 1:
      return leak_coroutine();
    case 2:
      return leak_fiber();
    case 3:
      return leak_grandchild();
    case 4:
      return pool.run(leak_thread);
    default:  // a clean one
      return pool.run(finish_thread);
  }
}

int blame(int tests, bool labelled) {
  Pool pool(2);
  for (int i = 0; i < 8; ++i) finish_coroutine();  // the tracker learns the place
  std::barrier together(tests);
  std::vector<std::thread> runners;
  for (int i = 0; i < tests; ++i)
    runners.emplace_back([&, i] {
      const std::string name = "Suite.Test" + std::to_string(i);
      together.arrive_and_wait();
      if (labelled) track_test_begin(name.c_str());
      together.arrive_and_wait();  // all of them have begun
      test_body(i, pool);
      together.arrive_and_wait();  // and none is over
      if (labelled) track_test_end();
    });
  for (std::thread& runner : runners) runner.join();
  std::printf("done\n");
  return 0;
}

int failures = 0;
void expect(bool good, const char* what) {
  if (good) return;
  std::printf("wrong: %s\n", what);
  ++failures;
}
#define EXPECT(condition) expect((condition), #condition)

uint64_t listed(track_kind kind, const char* test) {
  uint64_t cursor = 0, count = 0;
  track_task task;
  while (track_task_next(&cursor, &task) != 0) {
    const char* of = track_labels_get(task.labels, "test");
    count += task.kind == kind &&
             (of == nullptr ? test == nullptr : test != nullptr && std::strcmp(of, test) == 0);
  }
  return count;
}

void wait_until(const std::function<bool()>& over) {
  for (int i = 0; i < 10000 && !over(); ++i) usleep(1000);
}

// A thread, a coroutine and a fiber of test A are there.
void query_leaks() {
  EXPECT(track_leaks(nullptr) == 3);
  track_leak_query query = {};
  EXPECT(track_leaks(&query) == 3);
  query.label = "test";
  EXPECT(track_leaks(&query) == 3);
  query.value = "B";
  EXPECT(track_leaks(&query) == 0);
  query.value = "A";
  EXPECT(track_leaks(&query) == 3);
  for (const track_kind kind : {TRACK_THREADS, TRACK_COROUTINES, TRACK_FIBERS}) {
    query.kinds = 1u << kind;
    track_task task;
    uint64_t cursor = 0;
    EXPECT(track_leak_next(&cursor, &query, &task) == 1);
    EXPECT(task.kind == kind && task.is_long_lived == 0);
    EXPECT(std::strcmp(track_labels_get(task.labels, "test"), "A") == 0);
    EXPECT(track_leak_next(&cursor, &query, &task) == 0);
    query.min_age_ns = task.age_ns;
    EXPECT(track_leaks(&query) == 1);
    query.min_age_ns = UINT64_MAX;
    EXPECT(track_leaks(&query) == 0);
    query.min_age_ns = 0;
  }
  query.kinds = 0;
  query.states = 1u << TRACK_STATE_BLOCKED;
  EXPECT(track_leaks(&query) == 1);
  query = {.label = "absent", .value = nullptr, .min_age_ns = 0, .kinds = 0, .states = 0};
  EXPECT(track_leaks(&query) == 0);
  EXPECT(track_coroutine_long_lived(kept.front().address(), 1) == 1);
  EXPECT(track_leaks(nullptr) == 2);
  EXPECT(track_coroutine_long_lived(kept.front().address(), 0) == 1);
  EXPECT(track_leaks(nullptr) == 3);
  // Who asks is not among them.
  std::thread([] { EXPECT(track_leaks(nullptr) == 3); }).join();
  std::thread([] {
    track_task_long_lived(1);
    std::thread([] { EXPECT(track_leaks(nullptr) == 3); }).join();
  }).join();
  // One with fewer members, of a program built with an earlier version.
  track_task task = {};
  uint64_t cursor = 0;
  query = {.label = "absent", .value = "x", .min_age_ns = 0, .kinds = 0, .states = 0};
  EXPECT(track_abi_leak_next(&cursor, &query, 0, &task, sizeof task.id) == 1);
  EXPECT(task.id != 0 && task.created_by_count == 0);
}

int queries() {
  if (track_is_recording() == 0) {
    EXPECT(track_label_set("key", "value") == 0);
    EXPECT(track_labels() == 0);
    EXPECT(track_count(TRACK_THREADS) == 0);
    EXPECT(track_count_labelled(TRACK_THREADS, "key", "value") == 0);
    EXPECT(listed(TRACK_THREADS, nullptr) == 0);
    EXPECT(track_leaks(nullptr) == 0);
    EXPECT(*track_recording_path() == 0);
    std::printf("not tracked\n");
    return failures != 0;
  }
  for (int i = 0; i < 8; ++i) finish_coroutine();
  EXPECT(track_count(TRACK_THREADS) == 1);
  EXPECT(track_labels() == 0);
  EXPECT(track_label_set(nullptr, "x") == 0 && track_label_set("", "x") == 0);
  EXPECT(track_label_set("tenant", "a") == 1);
  const track_labels_t tenant = track_labels();
  EXPECT(track_test_begin("A") == 1);
  const track_labels_t both = track_labels();
  EXPECT(both != tenant && both != 0);
  EXPECT(std::strcmp(track_labels_get(both, "test"), "A") == 0);
  EXPECT(std::strcmp(track_labels_get(both, "tenant"), "a") == 0);
  EXPECT(track_labels_get(both, "absent") == nullptr);
  EXPECT(track_labels_get(123456789, "test") == nullptr);
  EXPECT(track_labels_use(123456789) == both && track_labels() == both);
  leak_thread();
  leak_coroutine();
  leak_fiber();
  std::thread ended([] {});
  finish_thread();
  EXPECT(track_count_labelled(TRACK_FIBERS, "test", "A") == 1);
  EXPECT(track_count_labelled(TRACK_COROUTINES, "test", "A") == 1);
  wait_until([] { return track_count_labelled(TRACK_THREADS, "test", "A") == 1; });
  EXPECT(track_count_labelled(TRACK_THREADS, "test", "A") == 1);
  EXPECT(track_count_labelled(TRACK_THREADS, "tenant", "a") == 1);
  EXPECT(track_count_labelled(TRACK_THREADS, "test", "B") == 0);
  EXPECT(track_count(TRACK_FIBERS) == 1 && track_count(TRACK_COROUTINES) == 1);
  EXPECT(listed(TRACK_THREADS, "A") == 2);  // one is parked, one ended and is not joined
  EXPECT(listed(TRACK_FIBERS, "A") == 1 && listed(TRACK_COROUTINES, "A") == 1);
  EXPECT(listed(TRACK_THREADS, nullptr) == 1);  // main was there before the test
  ended.join();
  EXPECT(listed(TRACK_THREADS, "A") == 1);
  uint64_t cursor = 0;
  track_task task;
  bool parked = false;
  while (track_task_next(&cursor, &task) != 0)
    if (task.kind == TRACK_THREADS && task.is_main == 0) {
      parked = true;
      wait_until([&] {
        uint64_t again = 0;
        while (track_task_next(&again, &task) != 0)
          if (task.kind == TRACK_THREADS && task.is_main == 0)
            return task.state == TRACK_STATE_BLOCKED && task.is_detached != 0;
        return false;
      });
      EXPECT(task.state == TRACK_STATE_BLOCKED && task.created_by_count > 1 && task.tid != 0);
      break;
    }
  EXPECT(parked);
  query_leaks();
  // A fiber keeps the labels of its making, whoever lets it run; the thread has its own again.
  track_test_end();
  EXPECT(track_labels() == tenant);
  {
    track::label other("test", "B");
    swapcontext(&here, kept_fibers.front().get());
    EXPECT(std::strcmp(track_labels_get(track_labels(), "test"), "B") == 0);
  }
  EXPECT(track_labels() == tenant);
  EXPECT(track_count_labelled(TRACK_COROUTINES, "test", "A") == 2);
  EXPECT(track_count_labelled(TRACK_COROUTINES, "test", "B") == 0);
  EXPECT(track_label_set("tenant", nullptr) == 1 && track_labels() == 0);
  // A set holds so many labels; one more is refused, and counted.
  EXPECT(track_lost() == 0);
  for (int i = 0; i < TRACK_LABELS_MOST; ++i)
    EXPECT(track_label_set(("key" + std::to_string(i)).c_str(), "") == 1);
  const track_labels_t full = track_labels();
  EXPECT(track_label_set("one more", "x") == 0 && track_labels() == full);
  EXPECT(track_label_set("key0", "another") == 1);
  EXPECT(track_lost() == 1);
  // Texts that differ only behind what is kept are different all the same.
  const std::string longer(1000, 'x');
  track_labels_use(0);
  track_label_set("long", (longer + "a").c_str());
  const track_labels_t first = track_labels();
  track_label_set("long", (longer + "b").c_str());
  EXPECT(track_labels() != first);
  EXPECT(std::strlen(track_labels_get(first, "long")) == TRACK_TEXT_BYTES - 1);
  std::printf("asked\n");
  return failures != 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  int result = 2;
  if (mode == "blame") result = blame(argc > 2 ? std::atoi(argv[2]) : 32, true);
  if (mode == "unlabelled") result = blame(32, false);
  if (mode == "queries") result = queries();
  std::fflush(stdout);
  return result;
}
