// unwind_fuzz: random call programs that try to fool the validated replay.
//   unwind_fuzz CAPTURES SEED [--expect-wrong]
// Every capture() is compared with unwind(), every 16th also with libunwind. Exit 0: no difference;
// with --expect-wrong (for builds with TRACK_REPLAY_MUTANT): at least one, or a wild read.
#define UNW_LOCAL_ONLY
#include <alloca.h>
#include <libunwind.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <random>

#include "libtrack/core/known_stacks.h"
#include "libtrack/core/replay.h"
#include "libtrack/core/unwind.h"
#include "tests/support/unwind_oracle.h"

namespace {

using namespace track::core;

Replay g_replay;
KnownStacks g_known;
uint64_t g_stack_high;  // of the stack in use
std::mt19937_64 g_random;
uint64_t g_captures, g_reused, g_recognized, g_wrong, g_unlike_libunwind;
void* volatile g_sink;
volatile size_t g_sixteen = 16;
volatile int g_rounds = 6;  // not a constant: an unrolled loop has many call sites

bool one_in(unsigned n) {
  return g_random() % n == 0;
}

[[gnu::noinline]] void check(const Registers& regs) {
  const uint64_t high = one_in(4) ? 0 : g_stack_high;
  uint64_t frames[kMaxFrames];
  bool truncated = false;
  const unsigned count = unwind(regs, high, frames, kMaxFrames, &truncated);
  const unsigned skip = g_random() % 3;
  const uint32_t recognized = known_stack(g_known, regs, high);
  const Captured c = capture(g_replay, regs, high, skip);
  ++g_captures;
  g_recognized += recognized != 0;
  g_reused += c.changed < c.depth;
  bool wrong = c.depth + skip != (count > skip ? count : skip) || c.truncated != truncated;
  uint64_t reversed[kMaxFrames];
  for (unsigned i = 0; i < count; ++i) reversed[count - 1 - i] = frames[i];
  wrong = wrong || memcmp(c.frames_outermost_first, reversed, c.depth * sizeof(uint64_t)) != 0;
  wrong = wrong || c.hash != hash_frames(reversed, c.depth, stack_salt());
  // Other rules may hold now for all that is remembered.
  static uint32_t last_generation;
  wrong = wrong || (last_generation != unwind_generation() && c.changed != c.depth);
  last_generation = unwind_generation();
  // What capture() calls unchanged must be what the last one gave.
  static uint64_t last[kMaxFrames];
  static unsigned last_depth;
  const unsigned kept = c.depth - c.changed;
  wrong = wrong || c.changed > c.depth || kept > last_depth ||
          memcmp(last, c.frames_outermost_first, kept * sizeof(uint64_t)) != 0;
  // A stack goes by half of a hash here, all innermost frames included and whatever was met since.
  const uint64_t whole_hash = hash_frames(reversed, count, 0);
  const auto name = static_cast<uint32_t>(whole_hash) | 1;
  wrong = wrong || (recognized != 0 && recognized != name);
  know_stack(g_known, g_replay, regs, name);
  memcpy(last, c.frames_outermost_first, c.depth * sizeof(uint64_t));
  last_depth = c.depth;
  if (wrong && ++g_wrong < 5) {
    fprintf(stderr, "capture %lu: %u frames%s, unwind() has %u%s\n", g_captures, c.depth,
            c.truncated ? " (truncated)" : "", count, truncated ? " (truncated)" : "");
  }
  if (g_captures % 16 == 0 && !truncated) {
    void* theirs[kMaxFrames + 1];
    const int found = unw_backtrace(theirs, kMaxFrames + 1) - 2;
    bool differs = found != static_cast<int>(count);
    for (int i = 0; i < found && !differs; ++i) {
      differs = reinterpret_cast<uint64_t>(theirs[i + 2]) != frames[i];
    }
    if (differs && ++g_unlike_libunwind < 5) {
      fprintf(stderr, "capture %lu: %u frames, libunwind has %d\n", g_captures, count, found);
    }
  }
}

void go(int depth);

// The innermost frames: one call site for all, so that only what lies above tells stacks apart. Too
// small to save rbp: a walk may depend on what it holds here.
[[gnu::noinline]] void innermost() {
  Registers regs;
  TRACK_GET_REGISTERS(regs);
  check(regs);
  asm volatile("");
}

// Two callers with frames of the same size.
[[gnu::noinline]] void plain_a(int depth) {
  volatile char block[40];
  block[0] = static_cast<char>(depth);
  go(depth - 1);
  block[1] = block[0];
}
[[gnu::noinline]] void plain_b(int depth) {
  volatile char block[40];
  block[0] = static_cast<char>(depth + 1);
  go(depth - 1);
  block[1] = block[0];
}

// Frames of variable size: the same slot below them may belong to another rbp.
[[gnu::noinline]] void variable_a(int depth) {
  char* const block = static_cast<char*>(alloca(g_random() % 4 * 16 + 8));
  g_sink = block;
  block[0] = 1;
  go(depth - 1);
  g_sink = block;
}
[[gnu::noinline]] void variable_b(int depth) {
  char* const block = static_cast<char*>(alloca(g_random() % 4 * 16 + 8));
  g_sink = block;
  block[0] = 1;
  if (one_in(2)) innermost();
  go(depth - 1);
  if (one_in(2)) innermost();
  g_sink = block;
}

// Frames realigned by their prologue: the CFA itself is a word on the stack.
[[gnu::noinline]] void realigned(int depth) {
  alignas(64) volatile char block[64];
  block[0] = static_cast<char>(depth);
  g_sink = const_cast<char*>(block);
  go(depth - 1);
  block[1] = block[0];
  if (one_in(2)) innermost();
}
// With alloca on top g++ finds the CFA in a word of the frame (DRAP); clang++ never does.
[[gnu::noinline]] void realigned_leaf() {
  alignas(256) volatile char block[64];
  block[0] = 1;
  g_sink = const_cast<char*>(block);
  g_sink = alloca(g_sixteen);
  innermost();
  block[1] = block[0];
}
[[gnu::noinline]] void realigned_variable(int depth) {
  alignas(64) volatile char block[64];
  char* const more = static_cast<char*>(alloca(g_random() % 4 * 16 + 8));
  g_sink = more;
  block[0] = static_cast<char>(depth);
  g_sink = const_cast<char*>(block);
  go(depth - 1);
  block[1] = block[0];
}

// Holes of different sizes above a realigned frame: below it nothing moves, and the return slots
// of one caller keep their stale words inside the hole of another.
template <int N>
[[gnu::noinline]] void hole(int) {
  volatile char block[N * 16 + 8];
  block[0] = 1;
  realigned_leaf();
  block[1] = block[0];
}
void (*const kHoles[])(int) = {hole<0>, hole<1>, hole<2>, hole<3>, hole<4>, hole<5>,
                               hole<6>, hole<7>, hole<8>, hole<9>, hole<10>};
[[gnu::noinline]] void holes(int depth) {
  for (int i = g_rounds; i > 0; --i) kHoles[g_random() % 11](depth);
}

// Two frames of variable size that add up: below them nothing moves but the saved rbp, and the
// return slot of the upper one keeps its stale word inside the other's block.
[[gnu::noinline]] void frame_based() {
  g_sink = __builtin_frame_address(0);
  g_sink = alloca(g_sixteen);
  innermost();
  g_sink = nullptr;
}
[[gnu::noinline]] void lower(unsigned words) {
  g_sink = alloca(words * 32 + 32);
  if (one_in(2)) innermost();  // here it is the live rbp that moves
  frame_based();
  g_sink = nullptr;
}
template <int N>
[[gnu::noinline]] void upper(unsigned words) {
  g_sink = alloca(words * 32 + 32);
  lower(4 - words);
  asm volatile("" ::"i"(N));
  g_sink = nullptr;
}
void (*const kUppers[])(unsigned) = {upper<0>, upper<1>, upper<2>, upper<3>};
[[gnu::noinline]] void compensated(int) {
  for (int i = g_rounds; i > 0; --i) kUppers[g_random() % 4](g_random() % 5);
}

[[gnu::noinline]] void saves_registers(int depth) {
  uint64_t a = g_random(), b = g_random(), c = g_random(), d = g_random(), e = g_random();
  asm volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e));
  go(depth - 1);
  asm volatile("" ::"r"(a), "r"(b), "r"(c), "r"(d), "r"(e));
}

[[gnu::noinline]] void catches(int depth) {
  try {
    go(depth - 1);
    if (one_in(3)) throw 1;
  } catch (int) {
    innermost();
  }
}

jmp_buf g_jump;
[[gnu::noinline]] void jumps(int depth) {
  jmp_buf saved;
  memcpy(&saved, &g_jump, sizeof(saved));
  if (setjmp(g_jump) == 0) {
    go(depth - 1);
    if (one_in(3)) longjmp(g_jump, 1);
  } else {
    innermost();
  }
  memcpy(&g_jump, &saved, sizeof(saved));
}

// Fibers on stacks that are unmapped afterwards.
ucontext_t g_back;
bool g_in_fiber;
int g_fiber_depth;

void fiber_main() {
  go(g_fiber_depth);
  g_in_fiber = false;
}

[[gnu::noinline]] void fiber(int depth) {
  if (g_in_fiber || depth < 3) return go(depth - 1);
  const size_t size = (64 + g_random() % 4 * 64) * 1024;
  void* const stack =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ucontext_t context;
  getcontext(&context);
  context.uc_stack.ss_sp = stack;
  context.uc_stack.ss_size = size;
  context.uc_link = &g_back;
  g_fiber_depth = depth - 1;
  makecontext(&context, fiber_main, 0);
  const uint64_t high = g_stack_high;
  g_in_fiber = true;
  g_stack_high = reinterpret_cast<uint64_t>(stack) + size;
  swapcontext(&g_back, &context);
  g_in_fiber = false;
  g_stack_high = high;
  munmap(stack, size);
  innermost();
}

// A stack that ends with a zero word, at a place where another one has a return address.
[[gnu::noinline]] void leave_zero_ended() {
  innermost();
  setcontext(&g_back);
  abort();
}
template <int N>
[[gnu::noinline]] void starter() {
  volatile char block[N * 16 + 8];
  block[0] = 1;
  leave_zero_ended();
  block[1] = block[0];
}

[[gnu::noinline]] void zero_ended(int depth) {
  if (g_in_fiber) return go(depth - 1);
  alignas(16) static char stack[64 << 10];
  void (*const starts[])() = {leave_zero_ended, starter<1>, starter<2>, starter<3>};
  const uint64_t high = g_stack_high;
  g_in_fiber = true;
  g_stack_high = reinterpret_cast<uint64_t>(stack + sizeof(stack));
  for (int i = 0; i < 8; ++i) {
    ucontext_t context;
    getcontext(&context);
    char* const sp = stack + sizeof(stack) - 8 - 16 * (1 + g_random() % 8);
    memset(sp, 0, 8);
    context.uc_mcontext.gregs[REG_RSP] = reinterpret_cast<greg_t>(sp);
    context.uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(starts[g_random() % 4]);
    swapcontext(&g_back, &context);
  }
  g_in_fiber = false;
  g_stack_high = high;
  innermost();
}

// Further down than an unknown stack is followed.
[[gnu::noinline]] void far_below(int depth) {
  if (g_in_fiber || !one_in(8)) return go(depth - 1);
  innermost();
  char* const block = static_cast<char*>(alloca(kUnknownStackReach - 8192 + g_random() % 8192));
  g_sink = block;
  for (int i = 0; i < 4; ++i) innermost();
  g_sink = block;
}

void (*const kShapes[])(int) = {
    plain_a,   plain_b, variable_a,         variable_b, realigned,  catches, saves_registers,
    jumps,     fiber,   realigned_variable, zero_ended, variable_a, holes,   compensated,
    far_below, plain_a};

[[gnu::noinline]] void go(int depth) {
  if (depth <= 0) return innermost();
  const uint64_t dice = g_random();
  if (dice % 5 == 0) innermost();
  if (dice % 503 == 0) unwind_modules_changed();
  if (dice % 211 == 0) g_stack_salt.fetch_add(1);  // other code was met
  kShapes[(dice >> 8) % (sizeof(kShapes) / sizeof(*kShapes))](depth);
  if ((dice >> 20) % 3 == 0) kShapes[(dice >> 24) % 3](depth > 4 ? depth - 4 : 0);
  asm volatile("");
}

void wild_read(int) {
  static const char text[] = "caught: a read where unwind() reads nothing\n";
  (void)!write(2, text, sizeof(text) - 1);
  _exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return fprintf(stderr, "usage: unwind_fuzz CAPTURES SEED [--expect-wrong]\n"), 2;
  const uint64_t wanted = strtoull(argv[1], nullptr, 10);
  g_random.seed(strtoull(argv[2], nullptr, 10));
  const bool expect_wrong = argc > 3 && strcmp(argv[3], "--expect-wrong") == 0;
  if (expect_wrong) signal(SIGSEGV, wild_read);
  g_stack_high = track::test::own_stack_high();
  while (g_captures < wanted && !(expect_wrong && g_wrong))
    go(5 + static_cast<int>(g_random() % 14));
  printf(
      "%lu captures, %.1f%% reused frames, %.1f%% recognized, wrong: %lu, unlike libunwind: %lu\n",
      g_captures, 100.0 * static_cast<double>(g_reused) / static_cast<double>(g_captures),
      100.0 * static_cast<double>(g_recognized) / static_cast<double>(g_captures), g_wrong,
      g_unlike_libunwind);
  if (expect_wrong) return g_wrong == 0;
  return g_wrong != 0 || g_unlike_libunwind != 0;
}
