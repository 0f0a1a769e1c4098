#include "cli/analyze/profile_heap.h"

#include <doctest/doctest.h>

#include "tests/support/trace_builder.h"

using namespace track;

namespace {

// Sums over all samples, value by value.
std::vector<int64_t> sums(const Profile& profile) {
  std::vector<int64_t> all(profile.value_types.size());
  for (const ProfileSample& sample : profile.samples)
    for (size_t i = 0; i < all.size(); ++i) all[i] += sample.values[i];
  return all;
}

bool says(const Profile& profile, const std::string& text) {
  for (const std::string& comment : profile.comments)
    if (comment.find(text) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("Without a record of the heap there is no profile of it") {
  test::TraceBuilder builder;
  CHECK_FALSE(analyze::profile_heap(builder.trace, builder.symbols));
  CHECK_FALSE(analyze::profile_allocations(builder.trace, builder.symbols));
}

TEST_CASE("Exact blocks are counted as they are, in use and ever allocated") {
  test::TraceBuilder builder;
  builder.trace.heap.record = HeapRecord::kept;
  builder.trace.heap.blocks = 12;
  builder.trace.heap.sites = {{0, 100, 10}, {0, 8, 2}};
  builder.trace.heap.allocated = {{0, 50, 5000}};
  const auto heap = analyze::profile_heap(builder.trace, builder.symbols);
  REQUIRE(heap);
  CHECK(sums(*heap) == std::vector<int64_t>{50, 5000, 12, 1016});
  CHECK(heap->value_types[heap->shown].type == "inuse_space");
  CHECK(heap->period == 1);
  CHECK(says(*heap, "none is estimated"));
  const auto allocations = analyze::profile_allocations(builder.trace, builder.symbols);
  REQUIRE(allocations);
  CHECK(sums(*allocations) == sums(*heap));
  CHECK(allocations->value_types[allocations->shown].type == "alloc_space");
}

TEST_CASE("What the program mapped itself is in it, of kinds of its own") {
  test::TraceBuilder builder;
  HeapTable& heap = builder.trace.heap;
  heap.record = HeapRecord::sampled;
  heap.period = 524288;
  heap.mappings = 3;
  heap.mapped_bytes = 20480;
  heap.reserved_bytes = uint64_t{8} << 40;
  heap.mapped = {{0, 8192, 2, MappingKind::memory}, {0, 4096, 1, MappingKind::file}};
  const auto profile = analyze::profile_heap(builder.trace, builder.symbols);
  REQUIRE(profile);
  CHECK(sums(*profile) == std::vector<int64_t>{3, 20480, 3, 20480});
  CHECK(profile->samples.size() == 2);
  CHECK(says(*profile, "3 mappings that the program made itself (mmap), 20 KiB"));
  CHECK(says(*profile, "not in it: 8.0 TiB that the program mapped without access"));
}

TEST_CASE("Samples of one stack are estimated one by one, and the odds of a miss are said") {
  test::TraceBuilder builder;
  builder.trace.heap.record = HeapRecord::sampled;
  builder.trace.heap.period = 524288;
  builder.trace.heap.sites = {{0, 16, 1}, {0, 64 << 20, 1}};
  const auto heap = analyze::profile_heap(builder.trace, builder.symbols);
  REQUIRE(heap);
  // 1/(1-exp(-16/524288)) = 32768.5; a block of 64 MiB is surely picked. Their average would give
  // two blocks.
  CHECK(sums(*heap) == std::vector<int64_t>{0, 0, 32769 + 1, 524296 + (64 << 20)});
  CHECK(heap->period == 524288);
  CHECK(says(*heap, "exp(-N/524288)"));
  CHECK(says(*heap, "512 KiB 37 %"));
}
