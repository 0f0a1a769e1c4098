// Hangs as its first argument says, and prints "hangs" once it does: `cycle`, two threads that want
// each other's lock, and main joins one; `queue`, main waits for a condition that nobody signals;
// `outside`, main reads what only another process could write; `deaf`, as cycle, and no signal but
// SIGKILL ends it; `ends`, not at all.
#include <pthread.h>
#include <unistd.h>

#include <barrier>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <thread>

namespace {

std::mutex accounts, journal;
std::barrier both_hold_one(2);

// The lock word says that somebody sleeps for it.
void await_waited_for(std::mutex& mutex) {
  while (__atomic_load_n(&mutex.native_handle()->__data.__lock, __ATOMIC_RELAXED) != 2)
    std::this_thread::yield();
}

void say() {
  std::puts("hangs");
  std::fflush(stdout);
}

void transfer(std::mutex& mine, std::mutex& other) {
  const std::lock_guard first(mine);
  both_hold_one.arrive_and_wait();
  const std::lock_guard second(other);
}

void hang_in_cycle() {
  std::thread first(transfer, std::ref(accounts), std::ref(journal));
  std::thread second(transfer, std::ref(journal), std::ref(accounts));
  await_waited_for(accounts);
  await_waited_for(journal);
  say();
  first.join();
  second.join();
}

}  // namespace

int main(int argc, char** argv) {
  const char* const how = argc > 1 ? argv[1] : "";
  if (std::strcmp(how, "cycle") == 0) {
    hang_in_cycle();
  } else if (std::strcmp(how, "deaf") == 0) {
    for (const int signal : {SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2})
      std::signal(signal, SIG_IGN);
    hang_in_cycle();
  } else if (std::strcmp(how, "queue") == 0) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&mutex);
    say();
    for (;;) pthread_cond_wait(&never, &mutex);
  } else if (std::strcmp(how, "outside") == 0) {
    say();
    char byte = 0;
    return read(STDIN_FILENO, &byte, 1) == 1 ? 0 : 1;
  } else if (std::strcmp(how, "ends") != 0) {
    return 2;
  }
}
