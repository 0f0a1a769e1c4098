// A child that nobody prepared, with threads in every kind of wait that is made of a futex.
#include "cli/process/untracked.h"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <thread>

#include "cli/process/image.h"

using namespace track;

namespace {

struct Shared {
  std::atomic<int> holding;
};

pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t with_condition = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t inherits, left_behind;  // priorities, both of them
pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
pthread_barrier_t barrier;
sem_t semaphore;
Shared* shared = nullptr;

template <typename Body>
pthread_t start(const char* name, Body) {
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        Body{}();
        return nullptr;
      },
      nullptr);
  pthread_setname_np(thread, name);
  return thread;
}

void await_all(int count) {
  ++shared->holding;
  while (shared->holding < count) std::this_thread::yield();
}

void init_inheriting(pthread_mutex_t& mutex) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutex_init(&mutex, &attributes);
}

[[noreturn]] void wait_in_all_ways() {
  init_inheriting(inherits);
  init_inheriting(left_behind);
  pthread_join(start("ended", [] { pthread_mutex_lock(&left_behind); }), nullptr);
  pthread_barrier_init(&barrier, nullptr, 2);
  sem_init(&semaphore, 0, 0);
  const pthread_t joined = start("ab", [] {
    pthread_mutex_lock(&first);
    await_all(3);
    pthread_mutex_lock(&second);
  });
  start("ba", [] {
    pthread_mutex_lock(&second);
    await_all(3);
    pthread_mutex_lock(&first);
  });
  start("writer", [] {
    pthread_rwlock_wrlock(&rwlock);
    pthread_mutex_lock(&inherits);
    await_all(3);
    pause();
  });
  while (shared->holding < 3) std::this_thread::yield();
  start("reader", [] { pthread_rwlock_rdlock(&rwlock); });
  start("later writer", [] { pthread_rwlock_wrlock(&rwlock); });
  start("condition", [] {
    pthread_mutex_lock(&with_condition);
    pthread_cond_wait(&condition, &with_condition);
  });
  start("inherits", [] { pthread_mutex_lock(&inherits); });
  start("refused", [] { pthread_mutex_lock(&left_behind); });
  start("semaphore", [] { sem_wait(&semaphore); });
  start("barrier", [] { pthread_barrier_wait(&barrier); });
  pthread_join(joined, nullptr);
  _exit(1);
}

class Process {
 public:
  Process() {
    shared = static_cast<Shared*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    pid = fork();
    if (pid == 0) wait_in_all_ways();
  }
  ~Process() {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    munmap(shared, 4096);
  }
  Process(const Process&) = delete;
  pid_t pid;
};

// The child's libc lies where ours does.
std::string function_at(uint64_t address) {
  Dl_info info{};
  const bool known = dladdr(reinterpret_cast<void*>(address), &info) != 0;
  return known && info.dli_sname != nullptr ? info.dli_sname : "";
}

Trace look(const Process& process, bool stopped) {
  ProcessImage image =
      stopped ? process::stop_process(process.pid) : process::look_at_process(process.pid);
  Trace trace = process::trace_of(image);
  process::name_waits(trace, image, function_at);
  return trace;
}

bool all_blocked(const Trace& trace) {
  size_t blocked = 0;
  for (const Thread& thread : trace.threads)
    blocked += thread.wait.kind != WaitKind::none && !thread.name.empty();
  return blocked == 10 && trace.threads[0].wait.kind == WaitKind::join;
}

uint64_t address(const void* object) {
  return reinterpret_cast<uint64_t>(object);
}

}  // namespace

TEST_CASE("waits made of a futex are told apart, with their objects and owners") {
  const Process process;
  while (!all_blocked(look(process, false))) std::this_thread::yield();
  for (const bool stopped : {false, true}) {
    const Trace trace = look(process, stopped);
    std::map<std::string, const Thread*> threads;
    for (const Thread& thread : trace.threads)
      threads[thread.main ? "main" : thread.name] = &thread;
    REQUIRE(threads.size() == 11);
    const auto check = [&](const char* name, WaitKind kind, const void* object) {
      CAPTURE(name);
      CHECK(threads.at(name)->state == TaskState::blocked);
      CHECK(threads.at(name)->wait.kind == kind);
      CHECK(threads.at(name)->wait.object == address(object));
      CHECK_FALSE(threads.at(name)->wait.timed);
      CHECK_FALSE(trace.stacks.at(threads.at(name)->wait.stack).truncated);
    };
    check("ab", WaitKind::mutex, &second);
    check("ba", WaitKind::mutex, &first);
    check("reader", WaitKind::rwlock_read, &rwlock);
    check("later writer", WaitKind::rwlock_write, &rwlock);
    check("condition", WaitKind::condition, &condition);
    check("semaphore", WaitKind::semaphore, &semaphore);
    check("barrier", WaitKind::barrier, &barrier);
    check("inherits", WaitKind::mutex, &inherits);
    CHECK(threads.at("inherits")->wait.owner_tid == threads.at("writer")->tid);
    // The kernel refuses a lock whose owner is no more: glibc sleeps on its own stack instead.
    const Wait& refused = threads.at("refused")->wait;
    CHECK(refused.kind == WaitKind::futex);
    CHECK(refused.object - refused.stack_pointer < 4096);
    CHECK(threads.at("ab")->wait.owner_tid == threads.at("ba")->tid);
    CHECK(threads.at("ba")->wait.owner_tid == threads.at("ab")->tid);
    CHECK(threads.at("reader")->wait.owner_tid == threads.at("writer")->tid);
    CHECK(threads.at("writer")->held.size() == 2);
    CHECK(threads.at("main")->wait.kind == WaitKind::join);
    CHECK(threads.at("main")->wait.object == threads.at("ab")->pthread);
    CHECK(threads.at("ab")->joiner == threads.at("main")->id);
    // What a look costs the process is nothing, unless it is stopped for one.
    CHECK((trace.pause_ns != 0) == stopped);
    CHECK_FALSE(trace.prepared);
    for (const Thread& thread : trace.threads) CHECK(thread.created_ns >= trace.start_ns);
    CHECK(trace.start_ns > 0);
    CHECK(trace.taken_ns >= trace.start_ns);
  }
}
