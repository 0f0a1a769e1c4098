// Tasks and locks that have names, and tasks that are marked as there to stay.
//   named_target deadlock   two named threads and two named locks in a cycle, one of them marked
//   named_target marked     a thread, a coroutine and a fiber, each once marked and once not
//   named_target stuck      a marked thread waits for what nobody can give
//   named_target pools      two pools from one place: all workers of one wait for its own queue
//   named_target locks      names that come and go; exit code 1 and a line for what is wrong
#include <pthread.h>
#include <ucontext.h>
#include <unistd.h>

#include <barrier>
#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "libtrack/include/track/coroutine.h"
#include "libtrack/include/track/track.h"
#include "samples/support/job_pool.h"

namespace {

struct Shelf {
  std::mutex mutex;
  track::lock_name mutex_name{&mutex, "shelf of orders"};
};
std::mutex till;

int deadlock() {
  auto& shelf = *new Shelf;
  auto& both = *new std::barrier<>(2);
  auto& wanting = *new std::latch(2);
  track_lock_name(&till, "till");
  const auto take = [&](const char* name, bool marked, std::mutex& first, std::mutex& second) {
    track_task_name(name);
    if (marked) track_task_long_lived(1);
    std::scoped_lock one(first);
    both.arrive_and_wait();
    wanting.count_down();
    std::scoped_lock other(second);
  };
  std::thread(take, "the picker with a very long name", true, std::ref(shelf.mutex), std::ref(till))
      .detach();
  std::thread(take, "cashier", false, std::ref(till), std::ref(shelf.mutex)).detach();
  wanting.wait();
  return 0;
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

Job session(const char* name, bool marked) {
  co_await track::name(name);
  if (marked) co_await track::long_lived();
  co_await std::suspend_always();
}

// Frees its coroutine, so that the next one may lie in its place.
[[gnu::noinline]] void pass(const char* name, bool marked) {
  const Job job = session(name, marked);
  job.handle.resume();
  job.handle.destroy();
}

std::vector<std::coroutine_handle<>> kept;
[[gnu::noinline]] void keep(const char* name, bool marked) {
  const Job job = session(name, marked);
  job.handle.resume();
  kept.push_back(job.handle);
}

ucontext_t here;
// Never freed: what each fiber waits in.
struct Fiber {
  ucontext_t context;
  alignas(16) char stack[64 << 10];
};
std::vector<Fiber*> fibers;
void in_fiber(int marked) {
  track_task_name(marked != 0 ? "idle fiber" : "lost fiber");
  if (marked != 0) track_task_long_lived(1);
  swapcontext(&fibers.back()->context, &here);
}
[[gnu::noinline]] void start_fiber(int marked) {
  auto* fiber = new Fiber;
  fibers.push_back(fiber);
  getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack;
  fiber->context.uc_stack.ss_size = sizeof fiber->stack;
  makecontext(&fiber->context, reinterpret_cast<void (*)()>(in_fiber), 1, marked);
  swapcontext(&here, &fiber->context);
}

int marked() {
  // The site has to be known, and a mark of before must not be left behind.
  for (int i = 0; i < 20; ++i) pass("passing", true);
  keep("lost session", false);
  keep("standing session", true);
  start_fiber(1);
  start_fiber(0);
  auto& parked = *new std::latch(2);
  const auto park = [&](bool marked) {
    track_task_name(marked ? "refresher" : "forgotten");
    if (marked) track_task_long_lived(1);
    parked.count_down();
    for (;;) ::pause();
  };
  std::thread(park, true).detach();
  std::thread(park, false).detach();
  parked.wait();
  return 0;
}

int stuck() {
  auto& held = *new std::latch(1);
  auto& wanting = *new std::latch(1);
  auto* mutex = new std::mutex;
  std::thread([&held, mutex] {
    mutex->lock();
    held.count_down();
  }).join();
  held.wait();
  std::thread([&wanting, mutex] {
    track_task_name("keeper");
    track_task_long_lived(1);
    wanting.count_down();
    mutex->lock();
  }).detach();
  wanting.wait();
  usleep(100000);
  return 0;
}

// Until the end of its input; the pools stay known to main.
int pools() {
  const auto make_pool = [](const char* name, int workers) {
    return std::make_unique<JobPool>(name, workers);
  };
  const auto decoders = make_pool("decoders", 2), writers = make_pool("writers", 1);
  std::latch decoding(2);
  std::promise<int> key;
  std::shared_future<int> reply = key.get_future().share();
  for (int i = 0; i < 2; ++i)
    decoders->post([reply, &decoding] {
      decoding.count_down();
      reply.get();
    });
  decoders->post([&key] { key.set_value(7); });
  std::promise<void> written;
  writers->post([&written] { written.set_value(); });
  decoding.wait();
  written.get_future().get();
  std::puts("waiting");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  std::_Exit(0);
}

// Prints the addresses of locks that must have a name now, then of those that must not; waits for
// the end of its input.
int locks() {
  static std::mutex named, unnamed, twice;
  static pthread_mutex_t destroyed = PTHREAD_MUTEX_INITIALIZER, again = PTHREAD_MUTEX_INITIALIZER;
  alignas(Shelf) static unsigned char room[sizeof(Shelf)];
  track_lock_name(&named, "stays");
  track_lock_name(&unnamed, "goes");
  track_lock_name(&unnamed, nullptr);
  track_lock_name(&twice, "first");
  track_lock_name(&twice, "second");
  track_lock_name(&destroyed, "broken up");
  pthread_mutex_destroy(&destroyed);
  destroyed = PTHREAD_MUTEX_INITIALIZER;
  track_lock_name(&again, "made anew");
  pthread_mutex_init(&again, nullptr);
  auto* shelf = new (room) Shelf;
  void* const of_shelf = &shelf->mutex;
  shelf->~Shelf();
  // Each has its room, however often names come and go.
  for (int i = 0; i < 100000; ++i) {
    std::mutex passing;
    track::lock_name name(&passing, "passing");
  }
  std::printf("%p stays\n%p second\n%p\n%p\n%p\n%p\n", static_cast<void*>(&named),
              static_cast<void*>(&twice), static_cast<void*>(&unnamed),
              static_cast<void*>(&destroyed), static_cast<void*>(&again), of_shelf);
  std::fflush(stdout);
  for (std::mutex* mutex : {&named, &unnamed, &twice}) mutex->lock();
  pthread_mutex_lock(&destroyed);
  pthread_mutex_lock(&again);
  static_cast<std::mutex*>(of_shelf)->lock();
  std::puts("held");
  std::fflush(stdout);
  for (std::mutex* mutex : {&named, &unnamed, &twice, static_cast<std::mutex*>(of_shelf)})
    std::thread([mutex] { mutex->lock(); }).detach();
  for (pthread_mutex_t* mutex : {&destroyed, &again})
    std::thread([mutex] { pthread_mutex_lock(mutex); }).detach();
  while (std::getchar() != EOF) {
  }
  std::_Exit(track_lost() == 0 ? 0 : 1);
}

}  // namespace

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  if (std::strcmp(what, "deadlock") == 0) return deadlock();
  if (std::strcmp(what, "marked") == 0) return marked();
  if (std::strcmp(what, "stuck") == 0) return stuck();
  if (std::strcmp(what, "pools") == 0) return pools();
  if (std::strcmp(what, "locks") == 0) return locks();
  return 2;
}
