// unwind_bench.cc: what a stack costs, at 10, 20 and 50 frames without frame pointers.
// Each measurement runs on a fresh stack at the bottom of a chain of functions of different shapes;
// the counter "frames" says how many there really were.
#define UNW_LOCAL_ONLY
#include <alloca.h>
#include <benchmark/benchmark.h>
#include <execinfo.h>
#include <libunwind.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <array>
#include <utility>
#include <vector>

#include "libtrack/core/known_stacks.h"
#include "libtrack/core/replay.h"
#include "libtrack/core/unwind.h"

namespace {

using track::core::kMaxFrames;

struct Probe {
  void (*run)(benchmark::State& state, uint64_t stack_high);
  benchmark::State* state;
  uint64_t stack_high;
  int depth;
};

using Link = int (*)(const Probe& probe, int depth);
extern const std::array<Link, 64> kChain;

[[gnu::noinline]] int next(const Probe& probe, int depth) {
  if (depth > 0) return kChain[static_cast<size_t>(depth) % 64](probe, depth - 1) + 1;
  probe.run(*probe.state, probe.stack_high);
  return 1;
}

// Frames of many sizes, with and without saved registers, some of variable size (rbp-based).
template <size_t N>
[[gnu::noinline]] int link(const Probe& probe, int depth) {
  if constexpr (N % 16 == 7) {
    void* const block = alloca(static_cast<size_t>(depth) * 8 + N);
    asm volatile("" ::"r"(block) : "memory");
    const int result =
        depth > 0 ? kChain[static_cast<size_t>(depth) % 64](probe, depth - 1) : next(probe, 0);
    asm volatile("" ::"r"(block) : "memory");
    return result;
  } else {
    char block[N * 24 % 400 + 8];
    asm volatile("" ::"r"(block) : "memory");
    long a = depth, b = depth * 3, c = depth * 7;
    asm volatile("" : "+r"(a), "+r"(b), "+r"(c));
    const int result =
        depth > 0 ? kChain[static_cast<size_t>(depth) % 64](probe, depth - 1) : next(probe, 0);
    asm volatile("" ::"r"(a), "r"(b), "r"(c), "r"(block) : "memory");
    return result + static_cast<int>(a);
  }
}

template <size_t... N>
constexpr std::array<Link, 64> make_chain(std::index_sequence<N...>) {
  return {&link<N>...};
}
const std::array<Link, 64> kChain = make_chain(std::make_index_sequence<64>());

ucontext_t g_back;
const Probe* g_probe;

void fiber_main() {
  next(*g_probe, g_probe->depth);
}

// Runs `run` at the bottom of a stack of range(0) frames.
void at_depth(benchmark::State& state, void (*run)(benchmark::State&, uint64_t)) {
  static std::vector<char> stack(1 << 20);
  ucontext_t fiber;
  getcontext(&fiber);
  fiber.uc_stack.ss_sp = stack.data();
  fiber.uc_stack.ss_size = stack.size();
  fiber.uc_link = &g_back;
  // next(), the probe and the two frames of the fiber are part of the count.
  const Probe probe{run, &state, reinterpret_cast<uint64_t>(stack.data() + stack.size()),
                    static_cast<int>(state.range(0)) - 4};
  g_probe = &probe;
  makecontext(&fiber, fiber_main, 0);
  swapcontext(&g_back, &fiber);
}

[[gnu::noinline]] unsigned walk_once(uint64_t* frames, uint64_t high) {
  track::core::Registers regs;
  TRACK_GET_REGISTERS(regs);
  bool truncated = false;
  return track::core::unwind(regs, high, frames, kMaxFrames, &truncated);
}

[[gnu::noinline]] track::core::Captured capture_once(track::core::Replay& replay, uint64_t high) {
  track::core::Registers regs;
  TRACK_GET_REGISTERS(regs);
  return track::core::capture(replay, regs, high, 1);
}

void bm_unwind(benchmark::State& state) {
  at_depth(state, [](benchmark::State& s, uint64_t high) {
    uint64_t frames[kMaxFrames];
    unsigned count = 0;
    for (auto _ : s) benchmark::DoNotOptimize(count = walk_once(frames, high));
    s.counters["frames"] = count;
  });
}

void bm_capture(benchmark::State& state) {
  at_depth(state, [](benchmark::State& s, uint64_t high) {
    static track::core::Replay replay;
    uint32_t depth = 0;
    for (auto _ : s) {
      const track::core::Captured c = capture_once(replay, high);
      benchmark::DoNotOptimize(c.hash);
      depth = c.depth;
    }
    s.counters["frames"] = depth;
  });
}

// A stack seen before, as in a loop that creates tasks or blocks: only recognized.
void bm_known(benchmark::State& state) {
  at_depth(state, [](benchmark::State& s, uint64_t high) {
    static track::core::Replay replay;
    static track::core::KnownStacks known;
    track::core::Registers regs;
    TRACK_GET_REGISTERS(regs);
    const uint32_t depth = track::core::capture(replay, regs, high, 0).depth;
    for (int times = 0; times < 2; ++times) track::core::know_stack(known, replay, regs, 1);
    for (auto _ : s)
      if (track::core::known_stack(known, regs, high) != 1) s.SkipWithError("not recognized");
    s.counters["frames"] = depth;
  });
}

// Two call sites in turn: the innermost frames change every time, as in real programs.
void bm_capture_changing(benchmark::State& state) {
  at_depth(state, [](benchmark::State& s, uint64_t high) {
    static track::core::Replay replay;
    struct Local {
      [[gnu::noinline]] static track::core::Captured one(uint64_t h) {
        auto c = capture_once(replay, h);
        asm volatile("");
        return c;
      }
      [[gnu::noinline]] static track::core::Captured two(uint64_t h) {
        char block[64];
        asm volatile("" ::"r"(block) : "memory");
        auto c = one(h);
        asm volatile("" ::"r"(block) : "memory");
        return c;
      }
    };
    uint32_t depth = 0;
    bool first = false;
    for (auto _ : s) {
      const track::core::Captured c = (first = !first) ? Local::one(high) : Local::two(high);
      benchmark::DoNotOptimize(c.hash);
      depth = c.depth;
    }
    s.counters["frames"] = depth;
  });
}

// A thread's first capture: an empty Replay on pages never touched; the rules are known by then.
void bm_first_capture(benchmark::State& state) {
  at_depth(state, [](benchmark::State& s, uint64_t high) {
    constexpr size_t kReplays = 4096;
    const size_t bytes = kReplays * sizeof(track::core::Replay);
    void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    auto* const replays = static_cast<track::core::Replay*>(memory);
    size_t used = 0;
    uint32_t depth = 0;
    for (auto _ : s) {
      if (used == kReplays) {
        s.PauseTiming();
        madvise(memory, bytes, MADV_DONTNEED);
        used = 0;
        s.ResumeTiming();
      }
      depth = capture_once(replays[used++], high).depth;
    }
    munmap(memory, bytes);
    s.counters["frames"] = depth;
  });
}

void bm_libunwind(benchmark::State& state) {
  at_depth(state, [](benchmark::State& s, uint64_t) {
    void* frames[kMaxFrames];
    int count = 0;
    for (auto _ : s) benchmark::DoNotOptimize(count = unw_backtrace(frames, kMaxFrames));
    s.counters["frames"] = count;
  });
}

void bm_glibc_backtrace(benchmark::State& state) {
  at_depth(state, [](benchmark::State& s, uint64_t) {
    void* frames[kMaxFrames];
    int count = 0;
    for (auto _ : s) benchmark::DoNotOptimize(count = backtrace(frames, kMaxFrames));
    s.counters["frames"] = count;
  });
}

BENCHMARK(bm_unwind)->Arg(10)->Arg(20)->Arg(50);
BENCHMARK(bm_capture)->Arg(10)->Arg(20)->Arg(50);
BENCHMARK(bm_known)->Arg(10)->Arg(20)->Arg(40);
BENCHMARK(bm_capture_changing)->Arg(10)->Arg(20)->Arg(50);
BENCHMARK(bm_first_capture)->Arg(10)->Arg(20)->Arg(50);
BENCHMARK(bm_libunwind)->Arg(10)->Arg(20)->Arg(50);
BENCHMARK(bm_glibc_backtrace)->Arg(10)->Arg(20)->Arg(50);

}  // namespace

BENCHMARK_MAIN();
