#include "libtrack/capture/mappings.h"

#include <doctest/doctest.h>

#include "libtrack/capture/real.h"
#include "libtrack/wire/mappings.h"
#include "tests/support/open_recording.h"

namespace track::capture {
Real real;
}

using namespace track;
using capture::real;
using test::in_child;

namespace {

constexpr size_t kPage = 4096;

bool start() {
  real.malloc = &::malloc;
  real.pthread_join = &::pthread_join;
  real.mmap = &::mmap;
  real.munmap = &::munmap;
  real.mremap = reinterpret_cast<decltype(real.mremap)>(&::mremap);
  if (!test::start_recording("alloc=sampled")) return false;
  capture::follow_mappings(reinterpret_cast<const void*>(real.malloc));
  return real.mmap != &::mmap;
}

char* map(size_t pages) {
  void* at = real.mmap(nullptr, pages * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at != MAP_FAILED ? static_cast<char*>(at) : nullptr;
}
// Pages of the mapping that begins there; 0: none does.
uint64_t pages_at(const char* at) {
  const auto* mappings = core::section_start<wire::Mapping>(wire::SectionKind::mappings);
  for (uint64_t i = 0; i < wire::kMappingSlots; ++i)
    if (core::reserve(mappings + i, sizeof *mappings) &&
        mappings[i].address.load() == reinterpret_cast<uint64_t>(at))
      return mappings[i].stack != 0 ? mappings[i].bytes / kPage : 0;
  return 0;
}

}  // namespace

TEST_CASE("A mapping is known until it is unmapped, as a whole or in parts") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          char* const whole = map(4);
          char* const parts = map(10);
          TRACK_EXPECT(pages_at(whole) == 4 && pages_at(parts) == 10);
          TRACK_EXPECT(real.munmap(whole, 4 * kPage) == 0 && pages_at(whole) == 0);
          TRACK_EXPECT(real.munmap(parts + 3 * kPage, 2 * kPage) == 0);
          TRACK_EXPECT(pages_at(parts) == 3 && pages_at(parts + 5 * kPage) == 5);
          TRACK_EXPECT(real.munmap(parts, 10 * kPage) == 0);
          TRACK_EXPECT(pages_at(parts) == 0 && pages_at(parts + 5 * kPage) == 0);
          TRACK_EXPECT(core::lost().blocks.load() == 0);
          return 0;
        }) == 0);
}

TEST_CASE("One that is mapped over another takes its place; one that is moved is where it lies") {
  CHECK(in_child([] {
          TRACK_EXPECT(start());
          char* const first = map(8);
          TRACK_EXPECT(real.mmap(first + 2 * kPage, 3 * kPage, PROT_NONE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                                 0) == first + 2 * kPage);
          TRACK_EXPECT(pages_at(first) == 2 && pages_at(first + 2 * kPage) == 3 &&
                       pages_at(first + 5 * kPage) == 3);
          char* const room = map(20);
          char* const small = map(2);
          TRACK_EXPECT(real.mremap(small, 2 * kPage, 5 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED,
                                   room + 4 * kPage) == room + 4 * kPage);
          TRACK_EXPECT(pages_at(small) == 0 && pages_at(room) == 4 &&
                       pages_at(room + 4 * kPage) == 5 && pages_at(room + 9 * kPage) == 11);
          TRACK_EXPECT(real.mremap(room, 4 * kPage, size_t{1} << 48, MREMAP_MAYMOVE, nullptr) ==
                       MAP_FAILED);
          TRACK_EXPECT(pages_at(room) == 4);
          // What libc refuses changes nothing.
          TRACK_EXPECT(real.munmap(room + 1, kPage) != 0 && pages_at(room) == 4);
          TRACK_EXPECT(real.mmap(room, 2 * kPage, PROT_READ, MAP_PRIVATE | MAP_FIXED, -1, 0) ==
                           MAP_FAILED &&
                       pages_at(room) == 4);
          return 0;
        }) == 0);
}
