#include "libtrack/capture/sampled_allocations.h"

#include <doctest/doctest.h>
#include <malloc.h>

#include <cerrno>
#include <cstdlib>
#include <thread>
#include <vector>

#include "libtrack/capture/real.h"
#include "libtrack/core/options.h"
#include "libtrack/core/sample_table.h"
#include "libtrack/core/stacks.h"
#include "tests/support/libc_allocator.h"
#include "tests/support/open_recording.h"

namespace track::capture {
Real real;
}

using namespace track;
using capture::real;
using test::in_child;

namespace {

bool start(const char* options) {
  test::take_libc_allocator(real);
  return test::start_recording(options) &&
         capture::sample_allocator(core::wanted_sample_period(core::options));
}

struct Found {
  uint64_t bytes = UINT64_MAX;  // not there
  uint32_t stack = 0;
};
Found find(const void* block) {
  const auto* samples = core::section_start<wire::Sample>(wire::SectionKind::samples);
  for (uint64_t i = 0; i < core::section_capacity<wire::Sample>(wire::SectionKind::samples); ++i)
    if (core::reserve(samples + i, sizeof *samples) &&
        samples[i].address.load() == reinterpret_cast<uint64_t>(block))
      return {samples[i].bytes, samples[i].stack};
  return {};
}
bool holds(const void* block, uint64_t bytes) {
  return find(block).bytes == bytes;
}

bool allocated_here(const void* block) {
  const core::InternedStack stack = core::interned_stack(find(block).stack);
  if (stack.depth < 2) return false;
  const uint64_t leaf = stack.frames[stack.depth - 1];
  return leaf - reinterpret_cast<uint64_t>(&allocated_here) + (1 << 20) < (2 << 20);
}

}  // namespace

// A sanitizer's allocator resizes and fails in its own way.
TEST_CASE("With a period of one byte every function's block is a sample, with size and stack" *
          doctest::skip(test::kSanitized)) {
  CHECK(in_child([] {
          TRACK_EXPECT(start("alloc=1"));
          void* aligned = nullptr;
          TRACK_EXPECT(real.posix_memalign(&aligned, 64, 770) == 0);
          void* const blocks[] = {real.malloc(1000),
                                  real.calloc(30, 50),
                                  real.realloc(nullptr, 330),
                                  real.reallocarray(nullptr, 70, 9),
                                  real.memalign(256, 400),
                                  real.aligned_alloc(32, 640),
                                  real.valloc(700),
                                  real.pvalloc(80),
                                  aligned};
          const uint64_t sizes[] = {1000, 1500, 330, 630, 400, 640, 700, 4096, 770};
          for (int i = 0; i < 9; ++i) {
            TRACK_EXPECT(holds(blocks[i], sizes[i]));
            TRACK_EXPECT(allocated_here(blocks[i]));
          }
          for (void* block : blocks) {
            real.free(block);
            TRACK_EXPECT(find(block).bytes == UINT64_MAX);
          }
          real.free(nullptr);
          TRACK_EXPECT(core::recording.header->heap.bytes.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A resized block is given back and allocated anew; one that cannot grow stays sampled" *
          doctest::skip(test::kSanitized)) {
  CHECK(in_child([] {
          TRACK_EXPECT(start("alloc=1"));
          void* const first = real.malloc(1000);
          void* const fence = real.malloc(1000);
          void* const same = real.realloc(first, 900);
          TRACK_EXPECT(same == first && holds(same, 900));
          void* const moved = real.realloc(same, 100000);
          TRACK_EXPECT(moved != first && find(first).bytes == UINT64_MAX && holds(moved, 100000));
          volatile size_t too_much = SIZE_MAX / 2;
          errno = 0;
          TRACK_EXPECT(real.realloc(moved, too_much) == nullptr && errno == ENOMEM);
          TRACK_EXPECT(real.reallocarray(moved, too_much, 4) == nullptr);
          TRACK_EXPECT(real.malloc(too_much) == nullptr && real.calloc(too_much, 4) == nullptr);
          TRACK_EXPECT(holds(moved, 100000));
          // What failed has not used up the thread's bytes.
          void* const next = real.malloc(1000);
          TRACK_EXPECT(holds(next, 1000));
          TRACK_EXPECT(real.realloc(moved, 0) == nullptr && find(moved).bytes == UINT64_MAX);
          capture::sampled_block_given_back(next);
          TRACK_EXPECT(find(next).bytes == UINT64_MAX && holds(fence, 1000));
          return 0;
        }) == 0);
}

TEST_CASE("While recording is off nothing is sampled, and frees are still seen") {
  CHECK(in_child([] {
          TRACK_EXPECT(start("alloc=1"));
          void* const block = real.malloc(1000);
          TRACK_EXPECT(holds(block, 1000));
          core::recording_is_on.store(false);
          void* const unseen = real.malloc(1000);
          TRACK_EXPECT(find(unseen).bytes == UINT64_MAX);
          real.free(block);
          TRACK_EXPECT(find(block).bytes == UINT64_MAX);
          real.free(unseen);
          return 0;
        }) == 0);
}

TEST_CASE("Threads sample on their own; what they free for each other is taken out") {
  CHECK(in_child([] {
          TRACK_EXPECT(start("alloc=4096"));
          constexpr int kThreads = 4, kBlocks = 20000, kBytes = 100;
          std::vector<void*> blocks[kThreads];
          std::vector<std::thread> threads;
          for (auto& own : blocks) {
            own.resize(kBlocks);
            threads.emplace_back([&own] {
              for (void*& block : own) block = real.malloc(kBytes);
            });
          }
          for (std::thread& thread : threads) thread.join();
          const auto& heap = core::recording.header->heap;
          // 2000 samples: one standard deviation is 2.2 %.
          const double share =
              static_cast<double>(heap.bytes.load()) / (double{kThreads} * kBlocks * kBytes);
          TRACK_EXPECT(share > 0.85 && share < 1.15);
          threads.clear();
          for (int i = 0; i < kThreads; ++i)
            threads.emplace_back([&, i] {
              for (void* block : blocks[(i + 1) % kThreads]) real.free(block);
            });
          for (std::thread& thread : threads) thread.join();
          for (auto& own : blocks)
            for (int i = 0; i < kBlocks; i += 997) TRACK_EXPECT(!(find(own[i]).bytes == kBytes));
          TRACK_EXPECT(core::lost().blocks.load() == 0);
          return 0;
        }) == 0);
}
