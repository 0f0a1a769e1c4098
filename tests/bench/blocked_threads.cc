// blocked_threads N: N threads that block, each on an object of its own, for `track ps` to list.
// Every tenth waits in epoll_wait, which any stop or signal would end with EINTR; the others in
// sem_wait. Prints "ready PID" when all run, waits for a line or the end of standard input,
// then prints "interrupted N": how many waits came back with EINTR. Exit code 0 when none did.
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace {

std::atomic<int> running{0};
std::atomic<int> interrupted{0};
std::atomic<bool> stop{false};
int wake_descriptor = -1;

struct Waiter {
  pthread_t thread;
  sem_t semaphore;
  bool polls;
};

[[gnu::noinline]] void wait_for_semaphore(Waiter& waiter) {
  while (sem_wait(&waiter.semaphore) != 0) {
    if (errno == EINTR) ++interrupted;
  }
}

[[gnu::noinline]] void wait_for_event() {
  const int descriptor = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(descriptor, EPOLL_CTL_ADD, wake_descriptor, &event);
  while (!stop) {
    if (epoll_wait(descriptor, &event, 1, -1) < 0 && errno == EINTR) ++interrupted;
  }
  close(descriptor);
}

void* body(void* argument) {
  auto& waiter = *static_cast<Waiter*>(argument);
  ++running;
  waiter.polls ? wait_for_event() : wait_for_semaphore(waiter);
  return nullptr;
}

}  // namespace

int main(int count, char** arguments) {
  const int wanted = count > 1 ? std::atoi(arguments[1]) : 10000;
  wake_descriptor = eventfd(0, 0);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 * 1024);
  std::vector<std::unique_ptr<Waiter>> waiters;
  for (int i = 0; i < wanted; ++i) {
    auto waiter = std::make_unique<Waiter>();
    sem_init(&waiter->semaphore, 0, 0);
    // Few enough pollers to stay below the usual limit of descriptors.
    waiter->polls = i % 10 == 0 && i < 5000;
    if (pthread_create(&waiter->thread, &attributes, body, waiter.get()) != 0) {
      std::fprintf(stderr, "blocked_threads: only %d of %d threads could be made\n", i, wanted);
      return 1;
    }
    waiters.push_back(std::move(waiter));
  }
  while (running != wanted) usleep(1000);
  std::printf("ready %d\n", getpid());
  std::fflush(stdout);
  while (std::getchar() != EOF) continue;

  stop = true;
  const uint64_t one = 1;
  if (write(wake_descriptor, &one, sizeof one) != sizeof one) return 1;
  for (auto& waiter : waiters) sem_post(&waiter->semaphore);
  for (auto& waiter : waiters) pthread_join(waiter->thread, nullptr);
  std::printf("interrupted %d\n", interrupted.load());
  return interrupted == 0 ? 0 : 1;
}
