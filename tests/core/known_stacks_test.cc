#include "libtrack/core/known_stacks.h"

#include <doctest/doctest.h>
#include <stdint.h>

#include <memory>
#include <type_traits>

#include "tests/support/unwind_oracle.h"

namespace {

using namespace track::core;
using track::test::own_stack_high;

static_assert(std::is_trivially_destructible_v<KnownStacks> && std::is_trivial_v<KnownStacks>);
static_assert(sizeof(KnownStacks) <= 42 << 10);

volatile int g_three = 3;  // not a constant: an unrolled loop has many call sites

// What recognizes a thread's stacks, as the tracker uses it; a stack's name is made of its hash.
struct Recognizer {
  Replay replay;
  KnownStacks known;

  [[gnu::noinline]] uint32_t captured(bool* recognized) {
    Registers regs;
    TRACK_GET_REGISTERS(regs);
    const uint32_t found = known_stack(known, regs, own_stack_high());
    *recognized = found != 0;
    const Captured stack = capture(replay, regs, own_stack_high(), 0);
    const auto name = static_cast<uint32_t>(stack.hash) | 1;
    if (found != 0) CHECK(found == name);
    know_stack(known, replay, regs, name);
    return name;
  }
};

template <class Callee>
[[gnu::noinline]] void descend(int depth, const Callee& callee) {
  if (depth > 0) {
    descend(depth - 1, callee);
  } else {
    callee();
  }
  asm volatile("");
}

// Frames of the same size: only a return address tells the two apart.
template <int N, class Callee>
[[gnu::noinline]] void from(const Callee& callee) {
  descend(4, callee);
  asm volatile("" ::"i"(N));
}

TEST_CASE("a stack seen twice is recognized from then on") {
  auto recognizer = std::make_unique<Recognizer>();
  descend(10, [&] {
    for (int i = 0; i < g_three * 2; ++i) {
      bool recognized;
      recognizer->captured(&recognized);
      CHECK(recognized == (i >= 2));
    }
  });
}

TEST_CASE("stacks that take turns are all recognized") {
  auto recognizer = std::make_unique<Recognizer>();
  int recognized_in_last = 0;
  for (int round = 0; round < g_three + 1; ++round) {
    recognized_in_last = 0;
    for (int depth = 1; depth <= 4; ++depth) {
      descend(depth, [&] {
        bool recognized;
        recognizer->captured(&recognized);
        recognized_in_last += recognized;
      });
    }
  }
  CHECK(recognized_in_last == 4);
}

TEST_CASE("another caller further out is another stack") {
  auto recognizer = std::make_unique<Recognizer>();
  uint32_t one = 0, two = 0;
  bool recognized = false;
  for (int round = 0; round < g_three; ++round) {
    from<1>([&] { one = recognizer->captured(&recognized); });
    from<2>([&] { two = recognizer->captured(&recognized); });
    CHECK(one != two);
  }
  CHECK(recognized);
}

TEST_CASE("after a change of modules nothing is recognized") {
  auto recognizer = std::make_unique<Recognizer>();
  for (int i = 0; i < g_three * 2; ++i) {
    bool recognized;
    if (i == 4) unwind_modules_changed();
    recognizer->captured(&recognized);
    CHECK(recognized == (i == 2 || i == 3 || i == 5));  // by its name, once it was walked again
  }
}

TEST_CASE("a stack too deep to be known is never recognized") {
  auto recognizer = std::make_unique<Recognizer>();
  descend(kKnownWords + 1, [&] {
    for (int i = 0; i < g_three * 2; ++i) {
      bool recognized;
      recognizer->captured(&recognized);
      CHECK_FALSE(recognized);
    }
  });
}

TEST_CASE("a stack whose words lie too far apart to be known is never recognized") {
  auto recognizer = std::make_unique<Recognizer>();
  for (const size_t kib : {size_t{500}, size_t{520}})
    for (int i = 0; i < g_three * 2; ++i) {
      descend(3, [&] {
        auto* room = static_cast<volatile char*>(__builtin_alloca(kib << 10));
        room[0] = 0;
        bool recognized;
        recognizer->captured(&recognized);
        CHECK(recognized == (kib < 512 && i >= 2));
      });
    }
}

TEST_CASE("what lies beyond the stack's bounds is not read") {
  auto recognizer = std::make_unique<Recognizer>();
  descend(10, [&] {
    Registers regs;
    TRACK_GET_REGISTERS(regs);
    capture(recognizer->replay, regs, own_stack_high(), 0);
    for (int i = 0; i < 2; ++i) know_stack(recognizer->known, recognizer->replay, regs, 7);
    CHECK(known_stack(recognizer->known, regs, own_stack_high()) == 7);
    CHECK(known_stack(recognizer->known, regs, regs.sp + 64) == 0);
  });
}

}  // namespace
