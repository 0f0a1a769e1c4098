#include "cli/analyze/library_workers.h"

#include <doctest/doctest.h>

#include "tests/support/trace_builder.h"

using namespace track;
using analyze::idle_worker_of_library;
using test::TraceBuilder;

namespace {

class Worker {
 public:
  explicit Worker(const std::string& library) {
    build_.trace.modules.push_back({"/lib/libc.so.6", "", 0, 0, 0, 0, 0});
    build_.trace.modules.push_back({"/lib/" + library, "", 0, 0, 0, 0, 0});
    build_.add_thread();
    build_.waits(2, WaitKind::futex, 0x5000);
  }
  // Leaf first; 0 = the program, 1 = libc, 2 = the library.
  StackIndex stack(const std::vector<std::pair<std::string, int>>& lines) {
    std::vector<std::string> names;
    for (const auto& [name, module] : lines) names.push_back(name);
    const StackIndex index = build_.stack(names);
    for (size_t i = 0; i < lines.size(); ++i)
      build_.symbols.code.at({build_.trace.stacks[index].addresses[i], 0}).module = lines[i].second;
    return index;
  }
  Thread& thread() { return build_.thread(2); }
  bool idle() { return idle_worker_of_library(build_.trace, build_.symbols, thread()); }

 private:
  TraceBuilder build_;
};

}  // namespace

TEST_CASE("a worker that its library made, and that is nowhere but in it, is idle") {
  Worker worker("libgomp.so.1");
  worker.thread().created_at =
      worker.stack({{"pthread_create", 1}, {"team_start", 2}, {"main", 0}});
  worker.thread().wait.stack = worker.stack({{"dock", 2}, {"start_thread", 1}});
  CHECK(worker.idle());
  SUBCASE("in the program's code it is not") {
    worker.thread().wait.stack = worker.stack({{"lock", 2}, {"work", 0}, {"start_thread", 1}});
    CHECK_FALSE(worker.idle());
  }
  SUBCASE("where it is is not known") {
    worker.thread().wait.stack = 0;
    CHECK_FALSE(worker.idle());
  }
  SUBCASE("the program made it") {
    worker.thread().created_at = worker.stack({{"pthread_create", 1}, {"main", 0}});
    CHECK_FALSE(worker.idle());
  }
  SUBCASE("who made it is not known") {
    worker.thread().created_at = 0;
    CHECK_FALSE(worker.idle());
  }
}

TEST_CASE("GLib's threads may be the program's: idle are those that wait for a pool's next job") {
  Worker worker("libglib-2.0.so.0");
  worker.thread().created_at = worker.stack({{"g_thread_new", 2}, {"main", 0}});
  worker.thread().wait.stack = worker.stack({{"poll", 1}, {"g_main_loop_run", 2}});
  CHECK_FALSE(worker.idle());
  worker.thread().wait.stack =
      worker.stack({{"g_cond_wait_until", 2}, {"g_async_queue_timeout_pop", 2}});
  CHECK(worker.idle());
}

TEST_CASE("another library's threads are the program's") {
  Worker worker("libqueue.so.1");
  worker.thread().created_at = worker.stack({{"pthread_create", 1}, {"start", 2}});
  worker.thread().wait.stack = worker.stack({{"wait", 2}});
  CHECK_FALSE(worker.idle());
}
