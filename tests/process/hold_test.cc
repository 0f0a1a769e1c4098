// Children held by ptrace: nothing that they can see may tell.
#include "cli/process/hold.h"

#include <doctest/doctest.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <ctime>
#include <thread>
#include <vector>

#include "cli/model/error.h"
#include "cli/process/image.h"
#include "cli/process/proc.h"

using namespace track;

namespace {

struct Shared {
  std::atomic<uint64_t> counter;
  std::atomic<uint32_t> word;
  std::atomic<int> ready, go, handled;
};

// A forked child with memory in common; killed at the end if it is still there.
class Forked {
 public:
  template <typename Body>
  explicit Forked(Body body)
      : shared(new (mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
                   Shared{}) {
    pid = fork();
    if (pid == 0) _exit(body(*shared));
  }
  ~Forked() {
    if (pid > 0) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
    munmap(shared, 4096);
  }
  Forked(const Forked&) = delete;
  int wait_end() {
    int status = 0;
    waitpid(pid, &status, 0);
    pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  // Until the child has counted further.
  void await_progress() const {
    const uint64_t before = shared->counter;
    while (shared->counter == before) std::this_thread::yield();
  }

  Shared* shared;
  pid_t pid;
};

int count_for_ever(Shared& shared) {
  for (;;) ++shared.counter;
}

char state_of(pid_t pid, pid_t tid) {
  return process::task_status(pid, tid).state;
}

// One call that waits, made by a thread of its own; whether it ended as it would have by itself.
int thread_of_calls(Shared& shared) {
  std::atomic<int> failed{0};
  int data[2], stream[2], epoll_ends[2];
  if (pipe(data) != 0 || pipe(epoll_ends) != 0) return 100;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, stream) != 0) return 101;
  const timeval long_time{100, 0};
  setsockopt(stream[0], SOL_SOCKET, SO_RCVTIMEO, &long_time, sizeof long_time);
  const int epoll = epoll_create1(0);
  epoll_event event{EPOLLIN, {}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, epoll_ends[0], &event);
  const int semaphore = semget(IPC_PRIVATE, 1, 0600);
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGUSR2);
  sigprocmask(SIG_BLOCK, &awaited, nullptr);
  const auto check = [&](int line, bool fine) {
    if (!fine) failed = line;
  };
  std::vector<std::thread> threads;
  const auto wait_in = [&](auto call) { threads.emplace_back(call); };
  wait_in([&] {
    char byte;
    check(__LINE__, read(data[0], &byte, 1) == 1);
  });
  wait_in([&] {
    char byte;
    check(__LINE__, recv(stream[0], &byte, 1, 0) == 1);
  });
  wait_in([&] {
    epoll_event got;
    check(__LINE__, epoll_wait(epoll, &got, 1, -1) == 1);
  });
  wait_in([&] {
    epoll_event got;
    check(__LINE__, epoll_wait(epoll, &got, 1, 100'000) == 1);
  });
  wait_in([&] {
    sembuf take{0, -1, 0};
    check(__LINE__, semop(semaphore, &take, 1) == 0);
  });
  wait_in([&] {
    sembuf take{0, -1, 0};
    const timespec limit{100, 0};
    check(__LINE__, semtimedop(semaphore, &take, 1, &limit) == 0);
  });
  wait_in([&] {
    const timespec limit{100, 0};
    check(__LINE__, sigtimedwait(&awaited, nullptr, &limit) == SIGUSR2);
  });
  wait_in([&] {
    pollfd one{epoll_ends[0], POLLIN, 0};
    check(__LINE__, poll(&one, 1, 100'000) == 1);
  });
  wait_in([&] {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(epoll_ends[0], &set);
    timeval limit{100, 0};
    check(__LINE__, select(epoll_ends[0] + 1, &set, nullptr, nullptr, &limit) == 1);
  });
  wait_in([&] {
    const timespec limit{100, 0};
    check(__LINE__, syscall(SYS_futex, &shared.word, FUTEX_WAIT, 0, &limit, nullptr, 0) == 0);
  });
  wait_in([&] {
    check(__LINE__, syscall(SYS_futex, &shared.word, FUTEX_WAIT, 0, nullptr, nullptr, 0) == 0);
  });
  wait_in([&] {
    timespec before, after;
    const timespec nap{0, 300'000'000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    check(__LINE__, nanosleep(&nap, nullptr) == 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    check(__LINE__,
          (after.tv_sec - before.tv_sec) * 1'000'000'000 + after.tv_nsec - before.tv_nsec >=
              300'000'000);
    shared.counter = 1;
  });
  shared.ready = 1;
  while (shared.go == 0) std::this_thread::yield();
  if (write(data[1], "x", 1) != 1 || write(stream[1], "x", 1) != 1) return 102;
  if (write(epoll_ends[1], "x", 1) != 1) return 103;
  sembuf give{0, 2, 0};
  semop(semaphore, &give, 1);
  kill(getpid(), SIGUSR2);
  shared.word = 1;
  syscall(SYS_futex, &shared.word, FUTEX_WAKE, 9, nullptr, nullptr, 0);
  for (std::thread& thread : threads) thread.join();
  semctl(semaphore, 0, IPC_RMID);
  return failed == 0 ? 0 : failed % 200 + 1;
}

size_t waiting_threads(pid_t pid) {
  size_t waiting = 0;
  for (const pid_t tid : process::thread_ids(pid)) {
    const auto call = process::system_call(pid, tid);
    // One that has lost the processor in a call, sched_yield say, does not wait.
    waiting += call.state == process::SystemCall::State::waiting && call.number >= 0 &&
               state_of(pid, tid) == 'S';
  }
  return waiting;
}

std::atomic<int>* handler_count = nullptr;

}  // namespace

TEST_CASE("no waiting call ends early because somebody looked") {
  Forked child(thread_of_calls);
  // One naps for a short time only.
  const auto await_all = [&] {
    while (waiting_threads(child.pid) + child.shared->counter < 12) std::this_thread::yield();
  };
  while (child.shared->ready == 0) std::this_thread::yield();
  await_all();
  for (int round = 0; round < 20; ++round) {
    const process::Hold hold = process::hold_process(child.pid, [] {});
    CHECK(hold.complete);
  }
  // A timed futex call is made again by the kernel, and would find its word changed.
  await_all();
  child.shared->go = 1;
  CHECK(child.wait_end() == 0);
}

TEST_CASE("a lost wake-up is not found again because somebody looked") {
  Forked child([](Shared& shared) {
    std::thread sleeper([&] {
      shared.ready = 1;
      syscall(SYS_futex, &shared.word, FUTEX_WAIT, 0, nullptr, nullptr, 0);
      ++shared.counter;
    });
    sleeper.join();
    return 0;
  });
  while (child.shared->ready == 0 || waiting_threads(child.pid) < 2) std::this_thread::yield();
  child.shared->word = 1;
  for (int round = 0; round < 20; ++round) {
    const process::Hold hold = process::hold_process(child.pid, [] {});
    CHECK(hold.complete);
    CHECK(hold.threads.size() == 2);
  }
  CHECK(child.shared->counter == 0);
  syscall(SYS_futex, &child.shared->word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  CHECK(child.wait_end() == 0);
}

TEST_CASE("a signal that arrives while a thread is held still ends its call") {
  Forked child([](Shared& shared) {
    handler_count = &shared.handled;
    struct sigaction action {};
    action.sa_handler = [](int) { ++*handler_count; };
    sigaction(SIGUSR1, &action, nullptr);
    const int epoll = epoll_create1(0);
    epoll_event event;
    shared.ready = 1;
    const int result = epoll_wait(epoll, &event, 1, -1);
    return result == -1 && errno == EINTR && shared.handled == 1 ? 0 : 1;
  });
  while (child.shared->ready == 0 || waiting_threads(child.pid) < 1) std::this_thread::yield();
  process::hold_process(child.pid, [&] { kill(child.pid, SIGUSR1); });
  CHECK(child.wait_end() == 0);
}

TEST_CASE("whatever a process does, while it is held it does nothing") {
  Forked child([](Shared& shared) {
    for (;;) {
      std::thread one([&] { ++shared.counter; }), other([&] { ++shared.counter; });
      one.join();
      other.join();
    }
    return 0;
  });
  for (int round = 0; round < 20; ++round) {
    child.await_progress();
    const process::Hold hold = process::hold_process(child.pid, [&] {
      const uint64_t counted = child.shared->counter;
      for (const pid_t tid : process::thread_ids(child.pid)) {
        const char state = state_of(child.pid, tid);
        CHECK((state == 't' || state == 'Z' || state == 'X'));
      }
      CHECK(child.shared->counter == counted);
    });
    CHECK(hold.complete);
    CHECK(hold.pause_ns > 0);
    REQUIRE_FALSE(hold.threads.empty());
    for (const ImageThread& thread : hold.threads) CHECK(thread.registers.whole);
  }
  child.await_progress();
}

TEST_CASE("a process goes on when the one that holds it is killed") {
  Forked child(count_for_ever);
  child.await_progress();
  Forked holder([&](Shared& shared) {
    process::hold_process(child.pid, [&] {
      shared.ready = 1;
      for (;;) pause();
    });
    return 0;
  });
  while (holder.shared->ready == 0) std::this_thread::yield();
  CHECK(state_of(child.pid, child.pid) == 't');
  CHECK_THROWS_WITH_AS(process::stop_process(child.pid), doctest::Contains("traces it already"),
                       Error);
  kill(holder.pid, SIGKILL);
  holder.wait_end();
  child.await_progress();
}

TEST_CASE("a stopped job stays stopped, and goes on when it is told to") {
  Forked child(count_for_ever);
  child.await_progress();
  kill(child.pid, SIGSTOP);
  int status = 0;
  waitpid(child.pid, &status, WUNTRACED);
  const process::Hold hold = process::hold_process(child.pid, [] {});
  CHECK(hold.complete);
  CHECK(hold.threads.front().stopped_by_signal);
  while (state_of(child.pid, child.pid) != 'T') std::this_thread::yield();
  const uint64_t counted = child.shared->counter;
  CHECK(child.shared->counter == counted);
  kill(child.pid, SIGCONT);
  child.await_progress();
}

TEST_CASE("what is thrown while a process is held comes out, and the process goes on") {
  Forked child(count_for_ever);
  child.await_progress();
  CHECK_THROWS_AS(process::hold_process(child.pid, [] { throw Error("enough"); }), Error);
  child.await_progress();
}

TEST_CASE("a process that ends while it is looked at is an image or an error, nothing else") {
  for (int round = 0; round < 40; ++round) {
    Forked child([](Shared& shared) {
      std::thread other([&] { ++shared.counter; });
      other.join();
      return 0;
    });
    try {
      const ProcessImage image = process::stop_process(child.pid);
      CHECK(image.pid == child.pid);
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find(std::to_string(child.pid)) != std::string::npos);
    }
    CHECK(child.wait_end() == 0);
  }
}

TEST_CASE("an image of a held process keeps what its memory held then") {
  Forked child([](Shared& shared) {
    // Two words that are never equal to a reader who sees them at one instant.
    alignas(64) static std::atomic<uint64_t> pair[2048];
    pair[2047] = 1;
    shared.counter = reinterpret_cast<uint64_t>(pair);
    for (uint64_t i = 0;; ++i) {
      pair[0].store(i, std::memory_order_seq_cst);
      pair[2047].store(i + 1, std::memory_order_seq_cst);
    }
    return 0;
  });
  while (child.shared->counter == 0) std::this_thread::yield();
  const uint64_t pair = child.shared->counter;
  const ProcessImage image = process::stop_process(child.pid);
  CHECK(image.coherent == image.missing.empty());
  const uint64_t first = image.word(pair), last = image.word(pair + 2047 * 8);
  CHECK((last == first + 1 || last == first));
  std::this_thread::yield();
  CHECK(image.word(pair) == first);
  CHECK_FALSE(image.view(pair).empty());
  REQUIRE(image.threads.size() == 1);
  CHECK(image.threads[0].main);
  CHECK(image.threads[0].registers[Registers::rsp] != 0);
  CHECK(image.threads[0].fs_base != 0);
  CHECK(image.word(image.threads[0].fs_base) == image.threads[0].fs_base);
}
