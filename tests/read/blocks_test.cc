#include "cli/read/blocks.h"

#include <doctest/doctest.h>

#include "cli/read/recording.h"
#include "tests/support/recording_builder.h"

using namespace track;
using test::RecordingBuilder;

namespace {

constexpr uint64_t kArena = 0x7f0000000000, kHeap = 0x555500000000;

read::Bytes bytes_of(RecordingBuilder& recording) {
  return read::Bytes::memory(recording.bytes());
}
Trace trace_of(RecordingBuilder& recording) {
  return read::read_recording(bytes_of(recording), "test", false);
}

}  // namespace

TEST_CASE("a recording without a table has no blocks, and says that nobody asked for one") {
  RecordingBuilder recording;
  CHECK(read::read_blocks(bytes_of(recording)).empty());
  CHECK(trace_of(recording).heap.record == HeapRecord::off);
}

TEST_CASE("blocks are read in the order of their addresses, with sizes and stacks") {
  RecordingBuilder recording(3);
  recording.add_block(1, kArena + 0x10, 100, 7);
  recording.add_block(2, kHeap + 0x40, 8, 1);
  recording.add_block(2, kHeap + 0x48, 3, 2);
  recording.add_block(2, kHeap + 0x3fffff0, 5u << 20, 3);
  const auto blocks = read::read_blocks(bytes_of(recording));
  REQUIRE(blocks.size() == 4);
  CHECK(blocks[0].address == kHeap + 0x40);
  CHECK(blocks[0].stack == 1);
  CHECK(blocks[1].address == kHeap + 0x48);
  CHECK(blocks[1].bytes == 3);
  CHECK(blocks[2].address == kHeap + 0x3fffff0);
  CHECK(blocks[2].bytes == 5u << 20);
  CHECK(blocks[3].address == kArena + 0x10);
  CHECK(blocks[3].stack == 7);

  Trace trace = trace_of(recording);
  CHECK(trace.heap.record == HeapRecord::kept);
  read::count_blocks(bytes_of(recording), trace);
  CHECK(trace.heap.blocks == 4);
  CHECK(trace.heap.bytes == 100 + 8 + 3 + (5u << 20));
  CHECK(trace.warnings.empty());
}

TEST_CASE("blocks of one size and stack are one site, whose stack is in the trace") {
  RecordingBuilder recording(2);
  const uint32_t stack = recording.add_stack({0x400010, 0x400020});
  for (uint64_t i = 0; i < 5; ++i) recording.add_block(1, kHeap + i * 64, 48, stack);
  recording.add_block(1, kHeap + 0x1000, 4000, 0);
  Trace trace = trace_of(recording);
  read::read_heap_sites(bytes_of(recording), trace);
  REQUIRE(trace.heap.sites.size() == 2);
  CHECK(trace.heap.sites[0].block_bytes == 4000);
  CHECK(trace.heap.sites[0].allocated_at == 0);
  CHECK(trace.heap.sites[1].count == 5);
  const StackIndex at = trace.heap.sites[1].allocated_at;
  REQUIRE(at < trace.stacks.size());
  CHECK(trace.stacks[at].addresses == std::vector<uint64_t>{0x400020, 0x400010});
}

TEST_CASE("a lock is known by the block it lies in, whether sites are asked for or not") {
  RecordingBuilder recording(2);
  const uint32_t stack = recording.add_stack({0x400010, 0x400020});
  recording.add_block(1, kHeap, 48, 0);
  recording.add_block(1, kHeap + 64, 120, stack);
  for (const bool sites : {false, true}) {
    Trace trace = trace_of(recording);
    const uint64_t first = kHeap + 64, last = kHeap + 64 + 119;
    for (const uint64_t object : {first, last, last + 1, kHeap + 48, kHeap + 63, uint64_t{0}}) {
      Contention cost;
      cost.object = object;
      cost.kind = WaitKind::mutex;
      trace.contention.push_back(cost);
    }
    read::read_heap(bytes_of(recording), sites, trace);
    REQUIRE(trace.lock_blocks.size() == 2);
    CHECK(trace.lock_blocks[0].object == first);
    CHECK(trace.lock_blocks[1].object == last);
    CHECK(trace.lock_blocks[1].bytes == 120);
    const StackIndex at = trace.lock_blocks[1].allocated_at;
    REQUIRE(at < trace.stacks.size());
    CHECK(trace.stacks[at].addresses == std::vector<uint64_t>{0x400020, 0x400010});
  }
}

TEST_CASE("the stacks of leaked blocks come out of the recording; one that is not there is none") {
  RecordingBuilder recording(2);
  const uint32_t stack = recording.add_stack({0x400010, 0x400020});
  Trace trace = trace_of(recording);
  Fixpoint fixpoint;
  fixpoint.leaked.resize(3);
  fixpoint.leaked[0].stack = stack;
  fixpoint.leaked[1].stack = 31;
  fixpoint.leaked[2].stack = wire::kBlockStackMask;
  read::recall_stacks(bytes_of(recording), trace, fixpoint);
  REQUIRE(fixpoint.leaked[0].allocated_at != 0);
  CHECK(trace.stacks.at(fixpoint.leaked[0].allocated_at).addresses.size() == 2);
  CHECK(fixpoint.leaked[1].allocated_at == 0);
  CHECK(fixpoint.leaked[2].allocated_at == 0);
}

TEST_CASE("a damaged table gives what can be read, and never more than is there") {
  RecordingBuilder recording(2);
  recording.add_block(1, kHeap, 100, 1);
  auto& regions =
      recording.header().sections[static_cast<uint32_t>(wire::SectionKind::block_regions)];
  regions.used = ~uint64_t{0};
  CHECK(read::read_blocks(bytes_of(recording)).size() == 1);
  regions.bytes = ~uint64_t{0};
  auto& blocks = recording.header().sections[static_cast<uint32_t>(wire::SectionKind::blocks)];
  blocks.offset += uint64_t{1} << 40;
  CHECK(read::read_blocks(bytes_of(recording)).empty());
  regions.offset = ~uint64_t{0} - 4;
  CHECK(read::read_blocks(bytes_of(recording)).empty());
}

TEST_CASE("samples are counted, and each stands for as many blocks as its size says") {
  RecordingBuilder recording;
  const uint32_t stack = recording.add_stack({0x400010, 0x400020});
  constexpr uint64_t kPeriod = 4096;
  for (uint64_t i = 0; i < 3; ++i) recording.add_sample(kPeriod, kHeap + i * 64, 16, stack);
  recording.add_sample(kPeriod, kHeap + 0x1000, 1 << 20, 0);
  recording.add_sample(kPeriod, wire::kSampleClaimed, 77, stack);  // being written
  recording.add_heap_site(stack, 1000 * wire::kObjectUnits, 16000);
  Trace trace = trace_of(recording);
  CHECK(trace.heap.record == HeapRecord::sampled);
  read::read_heap(bytes_of(recording), false, trace);
  CHECK(trace.heap.period == kPeriod);
  CHECK(trace.heap.samples == 4);
  CHECK(trace.heap.blocks == 1 + 770);  // 3 / (1 - exp(-16 / 4096)) = 769.5
  CHECK(trace.heap.bytes == doctest::Approx((1 << 20) + 3 * (4096 + 8)).epsilon(1e-4));
  CHECK(trace.heap.sites.empty());

  read::read_heap(bytes_of(recording), true, trace);
  REQUIRE(trace.heap.sites.size() == 2);
  CHECK(trace.heap.sites[1].count == 3);
  CHECK(trace.stacks.at(trace.heap.sites[1].allocated_at).addresses.size() == 2);
  REQUIRE(trace.heap.allocated.size() == 1);
  CHECK(trace.heap.allocated[0].allocated_at == trace.heap.sites[1].allocated_at);
  CHECK(trace.heap.allocated[0].objects == 1000);
  CHECK(trace.heap.allocated[0].bytes == 16000);
}

TEST_CASE("what was ever allocated is what was added up and what threads have not added up yet") {
  RecordingBuilder recording(2);
  const uint32_t stack = recording.add_stack({0x400010, 0x400020});
  recording.add_block(1, kHeap, 48, stack);
  recording.add_heap_site(stack, 10, 480);
  recording.add_heap_site(0, 1, 5);
  recording.add_heap_delta(stack, 3, 144);
  recording.add_heap_delta(stack, 2, 96);
  Trace trace = trace_of(recording);
  read::read_heap(bytes_of(recording), true, trace);
  REQUIRE(trace.heap.allocated.size() == 2);
  CHECK(trace.heap.allocated[0].objects == 15);
  CHECK(trace.heap.allocated[0].bytes == 720);
  CHECK(trace.heap.allocated[1].allocated_at == 0);
}
