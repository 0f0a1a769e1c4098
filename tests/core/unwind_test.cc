#include "libtrack/core/unwind.h"

#include <alloca.h>
#include <doctest/doctest.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "libtrack/core/replay.h"
#include "tests/support/unwind_lazy.h"
#include "tests/support/unwind_oracle.h"

namespace {

using track::core::Replay;
using track::test::own_stack_high;
using track::test::StackCheck;

Replay g_replay;

StackCheck new_check() {
  StackCheck check{};
  check.replay = &g_replay;
  check.stack_high = own_stack_high();
  return check;
}

[[gnu::noinline]] void recurse(StackCheck* check, int depth) {
  check->here();
  if (depth > 0) recurse(check, depth - 1);
  check->here();
}

[[gnu::noinline]] void with_alloca(StackCheck* check, int depth) {
  volatile char* block = static_cast<char*>(alloca(static_cast<size_t>(16 * depth + 8)));
  block[0] = 1;
  check->here();
  if (depth > 0) with_alloca(check, depth - 1);
  check->here();
  block[0] = 2;
}

[[gnu::noinline]] void over_aligned(StackCheck* check, int depth) {
  alignas(128) volatile char block[128];
  block[0] = static_cast<char>(depth);
  check->here();
  if (depth > 0) {
    if (depth % 2) {
      over_aligned(check, depth - 1);
    } else {
      with_alloca(check, depth - 1);
    }
  }
  check->here();
  block[1] = block[0];
}

[[gnu::noinline]] void throw_from(StackCheck* check, int depth) {
  check->here();
  if (depth > 0) throw_from(check, depth - 1);
  throw 1;
}

jmp_buf g_jump;
volatile bool g_stay = false;  // so that the compiler sees a way back

[[gnu::noinline]] void jump_from(StackCheck* check, int depth) {
  check->here();
  if (depth > 0) jump_from(check, depth - 1);
  if (!g_stay) longjmp(g_jump, 1);
}

TEST_CASE("recursion is walked as libunwind walks it, up to the true end") {
  StackCheck check = new_check();
  recurse(&check, 40);
  CHECK(check.problem == "");
  CHECK_FALSE(check.truncated);
  CHECK(check.stack.size() > 3);
}

TEST_CASE("frames of variable size are walked as libunwind walks them") {
  StackCheck check = new_check();
  with_alloca(&check, 20);
  CHECK(check.problem == "");
  CHECK_FALSE(check.truncated);
}

TEST_CASE("realigned frames are walked as libunwind walks them") {
  StackCheck check = new_check();
  over_aligned(&check, 20);
  CHECK(check.problem == "");
  CHECK_FALSE(check.truncated);
}

TEST_CASE("a catch block sees the stack it is on") {
  StackCheck check = new_check();
  for (int depth = 0; depth < 10; ++depth) {
    try {
      throw_from(&check, depth);
    } catch (int) {
      check.here();
    }
  }
  CHECK(check.problem == "");
}

TEST_CASE("after longjmp the stack is the one jumped to") {
  StackCheck check = new_check();
  static int depth;
  for (depth = 0; depth < 10; ++depth) {
    if (setjmp(g_jump) == 0) {
      jump_from(&check, depth);
    } else {
      check.here();
    }
  }
  CHECK(check.problem == "");
}

TEST_CASE("a thread's stack ends where the thread began") {
  StackCheck check{};
  Replay replay{};
  std::thread([&] {
    check.replay = &replay;
    check.stack_high = own_stack_high();
    recurse(&check, 5);
  }).join();
  CHECK(check.problem == "");
  CHECK_FALSE(check.truncated);
}

TEST_CASE("a callback from libc's qsort is seen through libc") {
  static StackCheck check;
  check = new_check();
  int numbers[] = {3, 1, 2};
  qsort(numbers, 3, sizeof(int), [](const void* a, const void* b) {
    check.here();
    return *static_cast<const int*>(a) - *static_cast<const int*>(b);
  });
  CHECK(check.problem == "");
  CHECK_FALSE(check.truncated);
}

TEST_CASE("a walk stops at max and says so") {
  struct Local {
    [[gnu::noinline]] static unsigned walk(unsigned max, bool* truncated, uint64_t* out) {
      track::core::Registers regs;
      TRACK_GET_REGISTERS(regs);
      return track::core::unwind(regs, own_stack_high(), out, max, truncated);
    }
  };
  uint64_t frames[track::core::kMaxFrames];
  bool truncated = true;
  const unsigned depth = Local::walk(track::core::kMaxFrames, &truncated, frames);
  REQUIRE(depth > 2);
  CHECK_FALSE(truncated);
  CHECK(Local::walk(2, &truncated, frames) == 2);
  CHECK(truncated);
  CHECK(Local::walk(depth, &truncated, frames) == depth);
  CHECK_FALSE(truncated);
}

TEST_CASE("a stack deeper than kMaxFrames keeps the innermost frames and is truncated") {
  StackCheck check = new_check();
  recurse(&check, static_cast<int>(track::core::kMaxFrames) + 20);
  CHECK(check.problem == "");
  CHECK_FALSE(check.truncated);  // the last check was back at the top
  struct Local {
    [[gnu::noinline]] static void down(StackCheck* c, int depth) {
      if (depth > 0) {
        down(c, depth - 1);
      } else {
        c->here();
      }
      asm volatile("");
    }
  };
  Local::down(&check, 400);
  CHECK(check.problem == "");
  CHECK(check.truncated);
  CHECK(check.stack.size() == track::core::kMaxFrames);
}

TEST_CASE("with unknown bounds the stack is walked all the same") {
  StackCheck check = new_check();
  check.stack_high = 0;
  over_aligned(&check, 6);
  CHECK(check.problem == "");
  CHECK_FALSE(check.truncated);
}

TEST_CASE("a bound inside the stack truncates it there") {
  StackCheck check = new_check();
  recurse(&check, 3);
  const size_t whole = check.stack.size();
  struct Local {
    [[gnu::noinline]] static unsigned walk(bool* truncated) {
      track::core::Registers regs;
      TRACK_GET_REGISTERS(regs);
      uint64_t frames[track::core::kMaxFrames];
      const uint64_t high = reinterpret_cast<uint64_t>(__builtin_frame_address(0)) + 16;
      return track::core::unwind(regs, high, frames, track::core::kMaxFrames, truncated);
    }
  };
  bool truncated = false;
  const unsigned count = Local::walk(&truncated);
  CHECK(truncated);
  CHECK(count == 1);
  CHECK(count < whole);
}

TEST_CASE("a signal handler's stack goes through the signal frame to the interrupted code") {
  static StackCheck check;
  check = new_check();
  struct Local {
    static void handle(int) { check.here(); }
  };
  signal(SIGUSR1, Local::handle);
  raise(SIGUSR1);
  signal(SIGUSR1, SIG_DFL);
  CHECK(check.checks == 1);
  CHECK(check.problem == "");
  CHECK_FALSE(check.truncated);
}

// Takes SIGNAL on a stack of its own for the life of this object.
class HandlerOnOwnStack {
 public:
  HandlerOnOwnStack(int number, void (*handler)(int, siginfo_t*, void*)) : number_(number) {
    stack_t stack{};
    stack.ss_sp = memory_.data();
    stack.ss_size = memory_.size();
    sigaltstack(&stack, nullptr);
    struct sigaction action {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(number, &action, &old_);
  }
  ~HandlerOnOwnStack() {
    sigaction(number_, &old_, nullptr);
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
  }

 private:
  int number_;
  std::vector<char> memory_ = std::vector<char>(256 << 10);
  struct sigaction old_ {};
};

TEST_CASE("a handler on an alternate stack sees the stack it interrupted") {
  static StackCheck check;
  check = new_check();
  check.stack_high = 0;
  {
    const HandlerOnOwnStack handler(SIGUSR1, [](int, siginfo_t*, void*) { check.here(); });
    raise(SIGUSR1);
  }
  CHECK(check.checks == 1);
  CHECK(check.problem == "");
  CHECK_FALSE(check.truncated);
}

TEST_CASE("the loader's resolver, which keeps its CFA in rbx, is walked through") {
  static StackCheck check;
  check = new_check();
  unwind_lazy_probe = [] { check.here(); };
  CHECK(unwind_lazy_call(1) == 2);
  unwind_lazy_probe = nullptr;
  CHECK(check.checks == 1);
  CHECK(check.problem == "");
  CHECK_FALSE(check.truncated);
}

// What the trap handler found: it may have interrupted malloc, so it must not allocate.
struct Stepping {
  struct Walk {
    uint64_t frames[track::core::kMaxFrames];
    unsigned count;
  };
  uint64_t high;
  uint64_t steps, different, truncated;
  volatile bool done;
  uint64_t pc;  // of the first difference, and the walks there
  Walk ours, theirs;
};
Stepping g_stepping;

void at_step(int, siginfo_t*, void* context) {
  constexpr greg_t kTrapFlag = 0x100;
  static Stepping::Walk ours, theirs;
  auto* const u = static_cast<ucontext_t*>(context);
  if (g_stepping.done) {
    u->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
    return;
  }
  ++g_stepping.steps;
  bool truncated = false;
  const auto regs = track::test::registers_from(*u);
  ours.count =
      track::core::unwind(regs, g_stepping.high, ours.frames, track::core::kMaxFrames, &truncated);
  theirs.count = track::test::libunwind_walk(*u, theirs.frames, track::core::kMaxFrames);
  g_stepping.truncated += truncated;
  if (std::equal(ours.frames, ours.frames + ours.count, theirs.frames,
                 theirs.frames + theirs.count)) {
    return;
  }
  if (g_stepping.different++ != 0) return;
  g_stepping.pc = regs.pc;
  g_stepping.ours = ours;
  g_stepping.theirs = theirs;
}

[[gnu::noinline]] int stepped_program() {
  unsigned char numbers[] = {3, 1, 2};
  qsort(numbers, 3, 1, [](const void* a, const void* b) {
    return *static_cast<const unsigned char*>(a) - *static_cast<const unsigned char*>(b);
  });
  void* const block = malloc(numbers[0] * 1000);
  free(block);
  return unwind_lazy_plain(numbers[0]);
}

TEST_CASE("at every single instruction the walk is libunwind's") {
  g_stepping = Stepping{};
  g_stepping.high = own_stack_high();
  {
    const HandlerOnOwnStack handler(SIGTRAP, at_step);
    asm volatile("sub $128, %%rsp; pushf; orq $0x100, (%%rsp); popf; lea 128(%%rsp), %%rsp" ::
                     : "memory", "cc");
    stepped_program();
    g_stepping.done = true;
    asm volatile("nop" ::: "memory");
  }
  CHECK(g_stepping.steps > 1000);
  CHECK(g_stepping.truncated == 0);
  if (g_stepping.different != 0) {
    const auto list = [](const Stepping::Walk& walk) {
      return track::test::hex_list({walk.frames, walk.frames + walk.count});
    };
    FAIL(g_stepping.different << " of " << g_stepping.steps << " differ, first at "
                              << track::test::hex_list({g_stepping.pc}) << ": "
                              << list(g_stepping.ours) << " is not " << list(g_stepping.theirs));
  }
}

// Code without unwind tables, one function with a frame pointer and one without.
asm(R"(
  .text
  .type uncovered_with_frame, @function
uncovered_with_frame:
  push %rbp
  mov %rsp, %rbp
  sub $32, %rsp
  mov %rsi, %rax
  call *%rdi
  leave
  ret
  .size uncovered_with_frame, . - uncovered_with_frame
  .type uncovered_without_frame, @function
uncovered_without_frame:
  sub $24, %rsp
  call *%rdi
  add $24, %rsp
  ret
  .size uncovered_without_frame, . - uncovered_without_frame
)");
extern "C" void uncovered_with_frame(void (*callee)());
extern "C" void uncovered_without_frame(void (*callee)());

StackCheck g_uncovered;
[[gnu::noinline]] void check_uncovered() {
  g_uncovered.here();
  asm volatile("");
}

TEST_CASE("code without tables is crossed by its frame pointer") {
  // Not held against libunwind, which takes any rbp for a frame pointer and loses its way.
  g_uncovered = new_check();
  check_uncovered();
  asm volatile("");
  const std::vector<uint64_t> direct = g_uncovered.stack;
  CHECK(g_uncovered.problem == "");
  uncovered_with_frame(check_uncovered);
  asm volatile("");
  CHECK_FALSE(g_uncovered.truncated);
  const std::vector<uint64_t>& crossed = g_uncovered.stack;
  REQUIRE(crossed.size() == direct.size() + 1);
  const uint64_t start = reinterpret_cast<uint64_t>(&uncovered_with_frame);
  CHECK(crossed[1] > start);
  CHECK(crossed[1] < start + 20);
  CHECK(std::equal(direct.begin() + 2, direct.end(), crossed.begin() + 3));
}

TEST_CASE("without tables and frame pointer the walk ends there and says so") {
  g_uncovered = new_check();
  uncovered_without_frame(check_uncovered);
  asm volatile("");
  CHECK(g_uncovered.truncated);
  REQUIRE(g_uncovered.stack.size() == 2);
  const uint64_t last = g_uncovered.stack.back();
  const uint64_t start = reinterpret_cast<uint64_t>(&uncovered_without_frame);
  CHECK(last > start);
  CHECK(last < start + 16);
}

TEST_CASE("function_start gives the extent of the function around an address") {
  const uint64_t inside = reinterpret_cast<uint64_t>(&recurse) + 4;
  uint64_t start = 0, end = 0;
  REQUIRE(track::core::function_start(inside, &start, &end) == 1);
  CHECK(start == reinterpret_cast<uint64_t>(&recurse));
  CHECK(end > inside);
  CHECK(track::core::function_start(reinterpret_cast<uint64_t>(&start), &start, &end) == 0);
  CHECK(track::core::function_start(0, &start, &end) == 0);
}

}  // namespace
