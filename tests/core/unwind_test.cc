#include "libtrack/core/unwind.h"

#include <alloca.h>
#include <doctest/doctest.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "libtrack/core/replay.h"
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
