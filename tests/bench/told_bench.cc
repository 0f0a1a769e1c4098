// told_bench.cc: what an event of track/coroutine.h, fiber.h or wait.h costs: without libtrack.so
// the test of a word, with it (LD_PRELOAD) a time stamp and a few stores. Google Benchmark;
// paired.py runs it both ways. Per event: the difference to the same without being told.
#include <benchmark/benchmark.h>
#include <track/coroutine.h>
#include <track/coroutine_labels.h>
#include <track/pool.h>
#include <track/wait.h>

#include <coroutine>
#include <exception>

#include "samples/fibers/own_scheduler.h"

namespace {

struct nothing {};

template <class Mixin>
struct basic_promise : Mixin {
  std::suspend_always initial_suspend() noexcept { return {}; }
  std::suspend_always final_suspend() noexcept { return {}; }
  void return_void() noexcept {}
  void unhandled_exception() { std::terminate(); }
};

struct plain {
  struct promise_type : basic_promise<nothing> {
    plain get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
  };
  std::coroutine_handle<promise_type> coroutine;
};
struct traced {
  struct promise_type : basic_promise<track::traced_promise<promise_type>> {
    traced get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
  };
  std::coroutine_handle<promise_type> coroutine;
};

struct labelled {
  struct promise_type : basic_promise<track::labelled_promise<promise_type>> {
    labelled get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    auto final_suspend() noexcept { return this->track_final(std::suspend_always{}); }
  };
  std::coroutine_handle<promise_type> coroutine;
};

template <class Coroutine>
[[gnu::noinline]] Coroutine turns() {
  for (;;) co_await std::suspend_always();
}

// Two events: suspended, resumed.
template <class Coroutine>
void turn(benchmark::State& state) {
  Coroutine all = turns<Coroutine>();
  all.coroutine.resume();
  for (auto _ : state) all.coroutine.resume();
  all.coroutine.destroy();
}

// Two events: created, destroyed.
template <class Coroutine>
void life(benchmark::State& state) {
  for (auto _ : state) turns<Coroutine>().coroutine.destroy();
}

// Two events: a switch to a fiber and one back.
void* loop_sp;
void* bench_sp;
template <bool kTold>
void loop() {
  for (;;) {
    if (kTold) track_fiber_switch(TRACK_NO_FIBER);
    sample_switch(&loop_sp, bench_sp);
  }
}

template <bool kTold>
void fiber(benchmark::State& state) {
  constexpr std::size_t kStackBytes = 64 << 10;
  void* const stack = std::malloc(kStackBytes);
  loop_sp = prepare_stack(stack, kStackBytes, loop<kTold>);
  const track_fiber told = kTold ? track_fiber_create(stack, kStackBytes, nullptr) : TRACK_NO_FIBER;
  for (auto _ : state) {
    if (kTold) track_fiber_switch(told);
    sample_switch(&bench_sp, loop_sp);
  }
  track_fiber_destroy(told);
  std::free(stack);
}

// Two events: a wait begins and ends; a lock has an owner and none; a wait is ended twice.
char object;
template <bool kTold>
void wait(benchmark::State& state) {
  for (auto _ : state) {
    if (kTold) track_wait_begin(&object, TRACK_WAIT_LOCK);
    benchmark::ClobberMemory();
    if (kTold) track_wait_end();
  }
}
template <bool kTold>
void owner(benchmark::State& state) {
  for (auto _ : state) {
    if (kTold) track_owner_set(&object);
    benchmark::ClobberMemory();
    if (kTold) track_owner_clear(&object);
  }
}
template <bool kTold>
void woke(benchmark::State& state) {
  for (auto _ : state)
    for (int i = 0; i < 2; ++i) {
      if (kTold) track_woke(&object);
      benchmark::ClobberMemory();
    }
}

// Two events: a pointer is held and given back; a root begins and ends.
template <bool kTold>
void held(benchmark::State& state) {
  for (auto _ : state) {
    if (kTold) track_kernel_holds(&object);
    benchmark::ClobberMemory();
    if (kTold) track_kernel_gave_back(&object);
  }
}
template <bool kTold>
void root(benchmark::State& state) {
  for (auto _ : state) {
    if (kTold) track_root_add(&object, 1);
    benchmark::ClobberMemory();
    if (kTold) track_root_remove(&object, 1);
  }
}
// Two events: a worker of a pool begins a job, and ends it.
template <bool kTold>
void job(benchmark::State& state) {
  if (kTold) track_pool_enter(&object, "pool");
  for (auto _ : state) {
    if (kTold) track_pool_job_begin();
    benchmark::ClobberMemory();
    if (kTold) track_pool_job_end();
  }
  if (kTold) track_pool_leave();
}
// The same of a new pointer while many others are held.
template <bool kTold>
void held_many(benchmark::State& state) {
  static char others[8192];
  if (kTold)
    for (const char& other : others) track_kernel_holds(&other);
  for (auto _ : state) {
    if (kTold) track_kernel_holds(&object);
    benchmark::ClobberMemory();
    if (kTold) track_kernel_gave_back(&object);
  }
  if (kTold)
    for (const char& other : others) track_kernel_gave_back(&other);
}

BENCHMARK(held<false>)->Name("held/plain");
BENCHMARK(held<true>)->Name("held/traced");
BENCHMARK(held_many<false>)->Name("held_many/plain");
BENCHMARK(held_many<true>)->Name("held_many/traced");
BENCHMARK(root<false>)->Name("root/plain");
BENCHMARK(root<true>)->Name("root/traced");
BENCHMARK(job<false>)->Name("job/plain");
BENCHMARK(job<true>)->Name("job/traced");
BENCHMARK(wait<false>)->Name("wait/plain");
BENCHMARK(wait<true>)->Name("wait/traced");
BENCHMARK(owner<false>)->Name("owner/plain");
BENCHMARK(owner<true>)->Name("owner/traced");
BENCHMARK(woke<false>)->Name("woke/plain");
BENCHMARK(woke<true>)->Name("woke/traced");
BENCHMARK(fiber<false>)->Name("fiber/plain");
BENCHMARK(fiber<true>)->Name("fiber/traced");
BENCHMARK(turn<plain>)->Name("turn/plain");
BENCHMARK(turn<traced>)->Name("turn/traced");
BENCHMARK(turn<labelled>)->Name("turn/labelled");
BENCHMARK(life<plain>)->Name("life/plain");
BENCHMARK(life<traced>)->Name("life/traced");

}  // namespace

BENCHMARK_MAIN();
