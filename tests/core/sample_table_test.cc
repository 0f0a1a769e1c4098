#include "libtrack/core/sample_table.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "libtrack/core/heap_sites.h"
#include "libtrack/core/options.h"
#include "tests/support/open_recording.h"

using namespace track;
using test::in_child;

namespace {

constexpr uint64_t kHeap = 0x555500000000;

bool start(const char* options = "alloc=4k") {
  return test::start_recording(options) &&
         core::start_sample_table(core::wanted_sample_period(core::options));
}
uint64_t in_use() {
  const auto* samples = core::section_start<wire::Sample>(wire::SectionKind::samples);
  uint64_t n = 0;
  for (uint64_t i = 0; i < core::section_capacity<wire::Sample>(wire::SectionKind::samples); ++i)
    if (core::reserve(samples + i, sizeof *samples))
      n += samples[i].address.load() > wire::kSampleClaimed;
  return n;
}

}  // namespace

TEST_CASE("A sampled block is found by its address until it is taken out, and only by that") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          TRACK_EXPECT(!core::may_be_sampled(kHeap));
          core::add_sample(kHeap, 100, 7, 1);
          core::add_sample(kHeap + 112, 5000, 8, 2);
          TRACK_EXPECT(core::may_be_sampled(kHeap) && core::may_be_sampled(kHeap + 112));
          TRACK_EXPECT(core::remove_sample(kHeap + 16).address == 0);
          const core::TakenSample taken = core::remove_sample(kHeap);
          TRACK_EXPECT(taken.address == kHeap && taken.bytes == 100 && taken.stack == 7);
          TRACK_EXPECT(taken.ticks != 0 && taken.task == 1);
          TRACK_EXPECT(!core::may_be_sampled(kHeap) && core::may_be_sampled(kHeap + 112));
          TRACK_EXPECT(core::remove_sample(kHeap).address == 0);
          core::restore_sample(taken);
          TRACK_EXPECT(core::remove_sample(kHeap).ticks == taken.ticks);
          TRACK_EXPECT(core::remove_sample(kHeap + 112).bytes == 5000);
          TRACK_EXPECT(in_use() == 0);
          TRACK_EXPECT(core::lost().blocks.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("The estimate follows the samples, and its peak stays") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          const wire::HeapEstimate& heap = core::recording.header->heap;
          TRACK_EXPECT(heap.period == 4096);
          core::add_sample(kHeap, 1 << 20, 3, 1);  // surely picked: stands for itself
          core::add_sample(kHeap + (2 << 20), 1 << 20, 3, 1);
          TRACK_EXPECT(heap.bytes.load() == 2 << 20);
          core::remove_sample(kHeap);
          TRACK_EXPECT(heap.bytes.load() == 1 << 20);
          TRACK_EXPECT(heap.peak_bytes.load() == 2 << 20 && heap.peak_ticks.load() != 0);
          const auto* sites = core::section_start<wire::HeapSite>(wire::SectionKind::heap_sites);
          TRACK_EXPECT(sites[3].bytes.load() == 2 << 20);
          TRACK_EXPECT(sites[3].objects.load() == 2 * wire::kObjectUnits);
          return 0;
        }) == 0);
}

TEST_CASE("When the table is full the block is lost and counted, and the others are still found") {
  CHECK(in_child([] {
          TRACK_EXPECT(start("alloc=512k"));
          const uint64_t room = core::section_capacity<wire::Sample>(wire::SectionKind::samples);
          for (uint64_t i = 0; i < 2 * room; ++i) core::add_sample(kHeap + i * 64, 64, 1, 1);
          const uint64_t lost = core::lost().blocks.load();
          TRACK_EXPECT(lost >= room && lost < room + room / 2);
          uint64_t found = 0;
          for (uint64_t i = 0; i < 2 * room; ++i)
            found += core::remove_sample(kHeap + i * 64).address != 0;
          TRACK_EXPECT(found == 2 * room - lost);
          TRACK_EXPECT(in_use() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("Threads that enter and take out at once lose nothing") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          constexpr uint64_t kThreads = 4, kRounds = 20000, kAlive = 16;
          std::vector<std::thread> threads;
          std::atomic<uint64_t> missing{0};
          for (uint64_t t = 0; t < kThreads; ++t)
            threads.emplace_back([&, t] {
              const uint64_t base = kHeap + (t << 20);
              for (uint64_t i = 0; i < kRounds + kAlive; ++i) {
                if (i >= kAlive)
                  missing += core::remove_sample(base + (i - kAlive) % 4096 * 16).address == 0;
                if (i < kRounds) core::add_sample(base + i % 4096 * 16, 64, 1 + i % 5, 1);
              }
            });
          for (std::thread& thread : threads) thread.join();
          TRACK_EXPECT(missing.load() == 0);
          TRACK_EXPECT(core::lost().blocks.load() == 0);
          TRACK_EXPECT(in_use() == 0);
          TRACK_EXPECT(core::recording.header->heap.bytes.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("What a thread adds to its own page is added up when another stack takes the place") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording("alloc=exact") && core::start_heap_sites());
          core::HeapDeltas deltas{core::take_heap_deltas(), 0};
          TRACK_EXPECT(deltas.page != nullptr && core::take_heap_deltas() != deltas.page);
          const auto* sites = core::section_start<wire::HeapSite>(wire::SectionKind::heap_sites);
          constexpr uint32_t kStacks = 3000;
          for (int round = 0; round < 3; ++round)
            for (uint32_t stack = 1; stack <= kStacks; ++stack)
              core::count_allocation(deltas, stack, stack);
          uint64_t objects = 0, bytes = 0;
          for (uint32_t stack = 1; stack <= kStacks; ++stack) {
            TRACK_EXPECT(core::reserve(sites + stack, sizeof *sites));
            objects += sites[stack].objects.load();
            bytes += sites[stack].bytes.load();
          }
          for (uint64_t i = 0; i < wire::kDeltasAThread; ++i) {
            const wire::HeapDelta& delta = deltas.page[i];
            if (delta.stack.load() == 0) continue;
            objects += delta.objects.load();
            bytes += delta.bytes.load();
          }
          TRACK_EXPECT(objects == 3 * kStacks);
          TRACK_EXPECT(bytes == 3 * uint64_t{kStacks} * (kStacks + 1) / 2);
          return 0;
        }) == 0);
}
