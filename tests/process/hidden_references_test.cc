#include "cli/process/hidden_references.h"

#include <doctest/doctest.h>

using namespace track;
using process::add_hidden_references;

namespace {

ProcessImage image_of(std::vector<Mapping> mappings) {
  ProcessImage image;
  image.mappings = std::move(mappings);
  return image;
}

Mapping mapping(uint64_t start, uint64_t end, const char* path = "") {
  Mapping mapping;
  mapping.start = start;
  mapping.end = end;
  mapping.readable = mapping.writable = true;
  mapping.path = path;
  return mapping;
}

}  // namespace

TEST_CASE("held pointers and roots are where marking starts, ranges that meet are one") {
  HiddenReferences hidden;
  hidden.held = {0x5010};
  hidden.roots = {{0x6100, 0x6200}, {0x6000, 0x6100}, {0x6020, 0x6040}};
  MemoryPicture picture;
  add_hidden_references(image_of({mapping(0x5000, 0x7000)}), &hidden, false, picture);
  REQUIRE(picture.declared_roots.size() == 1);
  CHECK(picture.declared_roots[0].start == 0x6000);
  CHECK(picture.declared_roots[0].end == 0x6200);
  REQUIRE(picture.declared_words.size() == 4);
  CHECK(picture.declared_words[0] == 0x5010);
  CHECK(picture.doubts.empty());
}

TEST_CASE("a root that nobody can read, and one that found no room, leave doubts") {
  HiddenReferences hidden;
  MemoryPicture picture;
  SUBCASE("not mapped") {
    hidden.roots = {{0x9000, 0x9008}};
  }
  SUBCASE("mapped in part") {
    hidden.roots = {{0x5ff8, 0x7008}};
  }
  SUBCASE("of a device") {
    hidden.roots = {{0x8000, 0x8008}};
  }
  SUBCASE("no room") {
    hidden.lost = 1;
  }
  add_hidden_references(
      image_of({mapping(0x5000, 0x7000), mapping(0x8000, 0x9000, "/dev/accelerator0")}), &hidden,
      false, picture);
  CHECK(picture.doubts.size() == 1);
}
