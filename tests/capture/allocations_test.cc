#include "libtrack/capture/allocations.h"

#include <doctest/doctest.h>
#include <malloc.h>

#include <cstdlib>
#include <vector>

#include "libtrack/capture/real.h"
#include "libtrack/core/block_table.h"
#include "libtrack/core/heap_sites.h"
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
  return test::start_recording(options) && capture::track_allocator();
}

wire::CellBlock find(const void* block) {
  const auto address = reinterpret_cast<uint64_t>(block);
  const std::atomic<uint64_t>* cell = core::find_cell(address);
  return cell == nullptr ? wire::CellBlock{}
                         : wire::block_of_cell(cell->load(), (address & 8) != 0 ? 1 : 0);
}
bool holds(const void* block, uint64_t bytes) {
  const wire::CellBlock found = find(block);
  return found.there && !found.moving && found.bytes == bytes;
}

// Where it was allocated: the caller of what stands for the allocator's function.
bool allocated_here(const void* block) {
  const core::InternedStack stack = core::interned_stack(find(block).stack);
  if (stack.depth < 2) return false;
  const uint64_t leaf = stack.frames[stack.depth - 1];
  return leaf - reinterpret_cast<uint64_t>(&allocated_here) + (1 << 20) < (2 << 20);
}

}  // namespace

// A sanitizer's allocator resizes and fails in its own way.
TEST_CASE("Every function of the allocator enters its block, with size and stack" *
          doctest::skip(test::kSanitized)) {
  CHECK(in_child([] {
          TRACK_EXPECT(start("alloc=exact"));
          void* aligned = nullptr;
          TRACK_EXPECT(real.posix_memalign(&aligned, 64, 77) == 0);
          void* const blocks[] = {real.malloc(100),
                                  real.calloc(3, 50),
                                  real.realloc(nullptr, 33),
                                  real.reallocarray(nullptr, 7, 9),
                                  real.memalign(256, 40),
                                  real.aligned_alloc(32, 64),
                                  real.valloc(70),
                                  real.pvalloc(80),
                                  aligned,
                                  real.malloc(0)};
          const uint64_t sizes[] = {100, 150, 33, 63, 40, 64, 70, 4096, 77, 0};
          for (int i = 0; i < 10; ++i) {
            TRACK_EXPECT(holds(blocks[i], sizes[i]));
            TRACK_EXPECT(allocated_here(blocks[i]));
          }
          for (void* block : blocks) {
            real.free(block);
            TRACK_EXPECT(!find(block).there);
          }
          real.free(nullptr);
          TRACK_EXPECT(core::lost().blocks.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("A resized block is entered where it lies then; one that cannot grow stays as it was" *
          doctest::skip(test::kSanitized)) {
  CHECK(in_child([] {
          TRACK_EXPECT(start("alloc=exact"));
          void* const first = real.malloc(100);
          void* const fence = real.malloc(100);  // nothing can grow in place
          void* const same = real.realloc(first, 90);
          TRACK_EXPECT(same == first);
          TRACK_EXPECT(holds(first, 90));
          void* const moved = real.realloc(first, 100000);
          TRACK_EXPECT(moved != first);
          TRACK_EXPECT(!find(first).there);
          TRACK_EXPECT(holds(moved, 100000));
          volatile size_t too_much = SIZE_MAX / 2;
          TRACK_EXPECT(real.realloc(moved, too_much) == nullptr);
          TRACK_EXPECT(real.reallocarray(moved, too_much, 4) == nullptr);
          TRACK_EXPECT(holds(moved, 100000));
          TRACK_EXPECT(real.malloc(too_much) == nullptr);
          void* const small = real.realloc(fence, 5);
          TRACK_EXPECT(holds(small, 5));
          TRACK_EXPECT(real.realloc(moved, 0) == nullptr);
          TRACK_EXPECT(!find(moved).there);
          return 0;
        }) == 0);
}

TEST_CASE("What was ever allocated is counted by stack, and stays when blocks are freed" *
          doctest::skip(test::kSanitized)) {
  CHECK(in_child([] {
          TRACK_EXPECT(start("alloc=exact"));
          std::vector<void*> blocks(1000);
          for (void*& block : blocks) block = real.malloc(100);
          const uint32_t stack = find(blocks[500]).stack;
          for (void* block : blocks) real.free(block);
          const wire::HeapDelta& delta = core::delta_of(
              core::section_start<wire::HeapDelta>(wire::SectionKind::heap_deltas), stack);
          TRACK_EXPECT(delta.stack.load() == stack);
          TRACK_EXPECT(delta.objects.load() == 1000 && delta.bytes.load() == 100000);
          return 0;
        }) == 0);
}

TEST_CASE("Without stacks only sizes are kept; while recording is off, only frees are seen") {
  CHECK(in_child([] {
          TRACK_EXPECT(start("alloc=exact:alloc_stacks=0"));
          void* const block = real.malloc(100);
          TRACK_EXPECT(holds(block, 100));
          TRACK_EXPECT(find(block).stack == 0);
          core::recording_is_on.store(false);
          void* const unseen = real.malloc(200);
          TRACK_EXPECT(!find(unseen).there);
          real.free(block);
          TRACK_EXPECT(!find(block).there);
          real.free(unseen);
          return 0;
        }) == 0);
}
