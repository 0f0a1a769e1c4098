// what: A loop waits for its eventfd; the worker that would write to it waits for the loop.
// expect: stuck-task likely count=1 created_by=start_loop blocked_in=run_loop
// expect: stuck-task likely count=1 created_by=start_worker blocked_in=await_answer
// expect: stuck-task likely count=1 blocked_in=main
// options: --timeout 1
// exit: 23
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

static int wakeup, loop;
static std::mutex mutex;
static std::condition_variable changed;
static bool answered = false;

[[gnu::noinline]] void run_loop() {
  epoll_event event{};
  epoll_wait(loop, &event, 1, -1);
  const std::lock_guard lock(mutex);
  answered = true;
  changed.notify_one();
}

[[gnu::noinline]] void await_answer() {
  std::unique_lock lock(mutex);
  changed.wait(lock, [] { return answered; });
  const uint64_t one = 1;
  if (write(wakeup, &one, sizeof one) < 0) std::abort();
}

[[gnu::noinline]] std::thread start_loop() {
  return std::thread(run_loop);
}

[[gnu::noinline]] std::thread start_worker() {
  return std::thread(await_answer);
}

int main() {
  wakeup = eventfd(0, 0);
  loop = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  if (epoll_ctl(loop, EPOLL_CTL_ADD, wakeup, &event) != 0) return 1;
  std::thread looping = start_loop(), worker = start_worker();
  worker.join();
  looping.join();
}
