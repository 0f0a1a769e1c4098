// Stacks of a child that sleeps, compared with what the child itself knows of its callers.
#include "cli/process/stacks.h"

#include <alloca.h>
#include <doctest/doctest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>

#include "cli/process/image.h"
#include "cli/process/system_calls.h"
#include "tests/support/sleeping_child.h"

using namespace track;

namespace {

ProcessImage image_of_sleeper(pid_t pid) {
  ProcessImage image;
  do {
    image = process::look_at_process(pid);
  } while (!image.threads.front().in_system_call || image.threads.front().system_call != SYS_read);
  return image;
}

// A frame of changing size: its compiler cannot do without rbp.
__attribute__((noinline)) int sleep_below_room(test::SleeperNotes* notes, int descriptor) {
  auto* room = static_cast<char*>(alloca(static_cast<size_t>(64 * descriptor)));
  std::memset(room, descriptor, static_cast<size_t>(64 * descriptor));
  const int answer = test::sleep_outer(notes, descriptor);
  asm volatile("" : : "r"(room) : "memory");
  return answer;
}

bool in_order(const Stack& stack, uint64_t first, uint64_t second) {
  const auto& all = stack.addresses;
  const auto found = std::find(all.begin(), all.end(), first);
  return std::find(found, all.end(), second) != all.end();
}

}  // namespace

TEST_CASE("a sleeping thread's stack names its callers, down to where it began") {
  test::SleepingChild child;
  const ProcessImage image = image_of_sleeper(child.pid());
  process::Unwinder unwinder(image);
  ImageThread seen = image.threads.front();
  Stack stack;
  REQUIRE(process::read_sleeping(child.pid(), seen, unwinder, stack));
  CHECK(in_order(stack, child.return_address(0), child.return_address(1)));
  CHECK_FALSE(stack.truncated);
  CHECK(stack.addresses.front() == image.threads.front().registers[Registers::rip]);
  Stack again;
  REQUIRE(process::read_sleeping(child.pid(), seen, unwinder, again));
  CHECK(again.addresses == stack.addresses);
  CHECK(child.wake('a') == 'a');
}

TEST_CASE("a frame of changing size is passed, down to where the thread began") {
  test::SleepingChild child(sleep_below_room);
  const ProcessImage image = image_of_sleeper(child.pid());
  process::Unwinder unwinder(image);
  ImageThread seen = image.threads.front();
  Stack stack;
  REQUIRE(process::read_sleeping(child.pid(), seen, unwinder, stack));
  CHECK(in_order(stack, child.return_address(0), child.return_address(1)));
  CHECK_FALSE(stack.truncated);
}

TEST_CASE("a stack that is no stack ends, and says that it is cut short") {
  test::SleepingChild child;
  const ProcessImage image = image_of_sleeper(child.pid());
  process::Unwinder unwinder(image);
  Registers nonsense = image.threads.front().registers;
  nonsense[Registers::rsp] = 16;
  CHECK(unwinder.unwind(nonsense, false).truncated);
  nonsense[Registers::rip] = 16;
  CHECK(unwinder.unwind(nonsense, false).addresses.size() <= 1);
  // A stack full of its own address: every return leads nowhere.
  nonsense = image.threads.front().registers;
  nonsense[Registers::rsp] = image.modules.front().start;
  CHECK(unwinder.unwind(nonsense, false).truncated);
}

TEST_CASE("a thread that sleeps without having said so gets its wait and its stack") {
  test::SleepingChild child;
  image_of_sleeper(child.pid());
  Trace trace;
  trace.pid = child.pid();
  trace.stacks.emplace_back();
  Thread thread;
  thread.tid = child.pid();
  thread.state = TaskState::running;
  thread.kernel = KernelView::waiting;
  thread.wait.sequence = 6;
  trace.threads = {thread, thread};
  trace.threads[1].state = TaskState::blocked;
  trace.threads[1].wait.kind = WaitKind::condition;
  process::observe_unpublished(trace);
  CHECK(trace.threads[0].state == TaskState::blocked);
  CHECK(trace.threads[0].wait.kind == WaitKind::read);
  CHECK(trace.threads[0].wait.sequence == 6);
  REQUIRE(trace.threads[0].running_at != 0);
  CHECK(in_order(trace.stacks.at(trace.threads[0].running_at), child.return_address(0),
                 child.return_address(1)));
  CHECK(trace.threads[1].wait.kind == WaitKind::condition);
  CHECK(trace.threads[1].running_at == 0);
}

TEST_CASE("a futex wait is told from a wake, and a limit from none") {
  ImageThread thread;
  thread.in_system_call = true;
  thread.system_call = SYS_futex;
  thread.arguments = {0x1000, 128, 2, 0, 0, 0};  // FUTEX_WAIT_PRIVATE
  Wait wait = process::wait_of(thread);
  CHECK(wait.kind == WaitKind::futex);
  CHECK(wait.object == 0x1000);
  CHECK_FALSE(wait.timed);
  CHECK_FALSE(process::is_shared_futex(thread));
  thread.arguments = {0x1000, 9, 2, 0x2000, 0, ~uint64_t{0}};  // FUTEX_WAIT_BITSET
  CHECK(process::wait_of(thread).timed);
  CHECK(process::is_shared_futex(thread));
  thread.arguments[1] = 129;  // FUTEX_WAKE_PRIVATE
  CHECK(process::wait_of(thread).kind == WaitKind::none);
}

TEST_CASE("an endless epoll wait and one with a limit differ") {
  ImageThread thread;
  thread.in_system_call = true;
  thread.system_call = SYS_epoll_wait;
  thread.arguments = {7, 0x1000, 16, 0xffffffff, 0, 0};
  CHECK(process::wait_of(thread).kind == WaitKind::epoll);
  CHECK(process::wait_of(thread).object == 7);
  CHECK_FALSE(process::wait_of(thread).timed);
  thread.arguments[3] = 250;
  CHECK(process::wait_of(thread).timed);
}
