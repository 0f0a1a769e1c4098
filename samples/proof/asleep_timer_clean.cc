// what: All threads of the program sleep, and a timer's thread and a signal are about to wake one.
// expect: gate-clean
// options: --timeout 1
// exit: 124
#include <semaphore.h>
#include <signal.h>
#include <time.h>

#include <memory>
#include <thread>

static void wake(sigval semaphore) {
  sem_post(static_cast<sem_t*>(semaphore.sival_ptr));
}

int main() {
  auto semaphore = std::make_unique<sem_t>();
  sem_init(semaphore.get(), 0, 0);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD;
  event.sigev_notify_function = wake;
  event.sigev_value.sival_ptr = semaphore.get();
  timer_t timer;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return 1;
  const itimerspec in_20_s{{0, 0}, {20, 0}};
  timer_settime(timer, 0, &in_20_s, nullptr);
  std::thread([&] { sem_wait(semaphore.get()); }).join();
}
