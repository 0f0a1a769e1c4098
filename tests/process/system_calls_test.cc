// What a thread waits for is told also of a wait that a stop broke off, and that goes on as another
// call of the kernel's.
#include "cli/process/system_calls.h"

#include <doctest/doctest.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>

#include "cli/process/proc.h"
#include "tests/process/forked_child.h"

using namespace track;
using test::Forked;
using test::Shared;

namespace {

constexpr timespec kLong{300, 0};

int poll_for(int milliseconds) {
  int ends[2];
  if (pipe(ends) != 0) return 1;
  pollfd end{ends[0], POLLIN, 0};
  return poll(&end, 1, milliseconds);
}

int wait_on(Shared& shared, int operation, const timespec* limit) {
  const int limit_is_a_time_of_day = operation & FUTEX_CLOCK_REALTIME;
  timespec end = kLong;
  if (limit_is_a_time_of_day != 0) end.tv_sec += time(nullptr);
  return static_cast<int>(syscall(SYS_futex, &shared.word, operation, 0,
                                  limit == nullptr ? nullptr : &end, nullptr,
                                  FUTEX_BITSET_MATCH_ANY));
}

// Of the child's only thread, once it waits.
ImageThread awaited(pid_t pid) {
  for (;;) {
    const process::SystemCall call = process::system_call(pid, pid);
    if (call.state == process::SystemCall::State::waiting && call.number >= 0) {
      ImageThread thread;
      thread.in_system_call = true;
      thread.system_call = call.number;
      std::copy(std::begin(call.arguments), std::end(call.arguments), thread.arguments.begin());
      if (process::wait_of(thread).kind != WaitKind::none) return thread;
    }
    std::this_thread::yield();
  }
}

void await_state(pid_t pid, char state) {
  while (process::task_status(pid, pid).state != state) std::this_thread::yield();
}

ImageThread broken_off(pid_t pid) {
  awaited(pid);
  kill(pid, SIGSTOP);
  await_state(pid, 'T');
  kill(pid, SIGCONT);
  await_state(pid, 'S');
  return awaited(pid);
}

}  // namespace

TEST_CASE("A wait that was broken off and goes on is what it was") {
  struct Case {
    const char* name;
    int (*body)(Shared&);
    WaitKind kind;
    bool timed;
  };
  const Case cases[] = {
      {"sleep", [](Shared&) { return nanosleep(&kLong, nullptr); }, WaitKind::sleep, true},
      {"steady sleep", [](Shared&) { return clock_nanosleep(CLOCK_MONOTONIC, 0, &kLong, nullptr); },
       WaitKind::sleep, true},
      {"bare nanosleep",
       [](Shared&) {
         timespec rest;
         return static_cast<int>(syscall(SYS_nanosleep, &kLong, &rest));
       },
       WaitKind::sleep, true},
      {"poll with a limit", [](Shared&) { return poll_for(300'000); }, WaitKind::poll, true},
      {"poll without", [](Shared&) { return poll_for(-1); }, WaitKind::poll, false},
      {"futex with a limit", [](Shared& shared) { return wait_on(shared, FUTEX_WAIT, &kLong); },
       WaitKind::futex, true},
      {"futex until a time of day",
       [](Shared& shared) {
         return wait_on(shared, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, &kLong);
       },
       WaitKind::futex, true},
      {"futex without", [](Shared& shared) { return wait_on(shared, FUTEX_WAIT, nullptr); },
       WaitKind::futex, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Forked child(c.body);
    const ImageThread thread = broken_off(child.pid);
    const Wait wait = process::wait_of(thread);
    CHECK(wait.kind == c.kind);
    CHECK(wait.timed == c.timed);
    if (c.kind == WaitKind::futex)
      CHECK(wait.object == reinterpret_cast<uint64_t>(&child.shared->word));
    const bool whole = c.kind == WaitKind::futex && !c.timed;  // that one the kernel calls again
    CHECK((thread.system_call == SYS_restart_syscall) == !whole);
  }
}
