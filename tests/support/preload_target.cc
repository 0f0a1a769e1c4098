// preload_target.cc: a program to be run under libtrack.so, one mode a purpose. Says what it did on
// stdout, waits for orders on stdin.
//   hold            two threads blocked on a held mutex, 50 suspended coroutines; until end of
//   input map MIB         can it still map that much memory? busy            10000 coroutines, 300
//   threads one after the other: touches every section fork | exec     a child, a successor, with a
//   recording of its own signal N        ends by raising N; exit N, _exit N, quick_exit N: ends
//   that way
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "libtrack/include/track/track.h"

namespace {

struct Task {
  struct promise_type {
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};
__attribute__((noinline)) Task parked(int n) {
  volatile int kept = n;
  co_await std::suspend_always{};
  kept = kept + 1;
}

std::vector<Task> tasks;
pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void* lock_and_go(void*) {
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
  return nullptr;
}

void say(const char* word) {
  std::printf("%s %d %s\n", word, getpid(), track_recording_path());
  std::fflush(stdout);
}
// Without any hook: the tracker sees nothing of it.
void raw_read_byte() {
  char c;
  syscall(SYS_read, 0, &c, 1);
}
void until_end_of_input() {
  char c;
  while (read(0, &c, 1) == 1) {
  }
}

int hold() {
  for (int i = 0; i < 50; ++i) tasks.push_back(parked(i));
  pthread_mutex_lock(&mutex);
  pthread_t threads[2];
  for (auto& thread : threads) pthread_create(&thread, nullptr, lock_and_go, nullptr);
  say("ready");
  until_end_of_input();
  pthread_mutex_unlock(&mutex);
  for (auto& thread : threads) pthread_join(thread, nullptr);
  return 0;
}

int busy() {
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 33; ++i) tasks.push_back(parked(i));
    std::thread([] { tasks.push_back(parked(1)); }).join();
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 64; ++i) threads.emplace_back([] { usleep(1000); });
  for (auto& thread : threads) thread.join();
  say("busy");
  until_end_of_input();
  return 0;
}

int fork_and_work() {
  for (int i = 0; i < 10; ++i) tasks.push_back(parked(i));
  pthread_mutex_lock(&mutex);
  say("parent");
  const pid_t pid = fork();
  if (pid == 0) {
    raw_read_byte();
    for (int i = 0; i < 2; ++i) {
      tasks.back().handle.destroy();
      tasks.pop_back();
    }
    for (int i = 0; i < 20; ++i) tasks.push_back(parked(i));
    pthread_mutex_unlock(&mutex);
    std::thread([] { usleep(1000); }).join();
    say("child");
    raw_read_byte();
    exit(0);
  }
  syscall(SYS_write, 1, "forked\n", 7);
  syscall(SYS_wait4, pid, nullptr, 0, nullptr);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const int number = argc > 2 ? atoi(argv[2]) : 0;
  if (mode == "hold") return hold();
  if (mode == "busy") return busy();
  if (mode == "fork") return fork_and_work();
  if (mode == "map") {
    void* p = mmap(nullptr, static_cast<size_t>(number) << 20, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say(p == MAP_FAILED ? "refused" : "mapped");
    return 0;
  }
  if (mode == "exec") {
    hold();
    say("first");
    execl(argv[0], argv[0], "quick", nullptr);
    return 1;
  }
  if (mode == "quick") {
    say("second");
    raw_read_byte();
    return 0;
  }
  if (mode == "signal") raise(number);
  if (mode == "exit") exit(number);
  if (mode == "_exit") _exit(number);
  if (mode == "quick_exit") quick_exit(number);
  if (mode == "return") return number;
  return 2;
}
