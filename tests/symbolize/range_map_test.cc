#include "cli/symbolize/range_map.h"

#include <doctest/doctest.h>

#include <string>

using track::symbolize::RangeMap;

namespace {
std::string at(const RangeMap<std::string>& map, uint64_t point) {
  const std::string* found = map.find(point);
  return found ? *found : "none";
}
}  // namespace

TEST_CASE("the innermost of nested ranges answers, and the outer one again after it") {
  RangeMap<std::string> map;
  map.add(100, 200, "outer");
  map.add(120, 140, "inner");
  map.add(100, 110, "head");
  map.seal();
  CHECK(at(map, 99) == "none");
  CHECK(at(map, 100) == "head");
  CHECK(at(map, 110) == "outer");
  CHECK(at(map, 139) == "inner");
  CHECK(at(map, 140) == "outer");
  CHECK(at(map, 200) == "none");
}

TEST_CASE("an outer range is found past many small ones that ended") {
  RangeMap<std::string> map;
  map.add(0, 10000, "outer");
  for (uint64_t i = 1; i < 500; ++i) map.add(i, i + 1, "small");
  map.seal();
  CHECK(at(map, 499) == "small");
  CHECK(at(map, 500) == "outer");
}

TEST_CASE("empty and reversed ranges are never found") {
  RangeMap<std::string> map;
  map.add(5, 5, "empty");
  map.add(9, 7, "reversed");
  map.seal();
  CHECK(map.empty());
  CHECK(at(map, 5) == "none");
  CHECK(map.starting_at(5) == nullptr);
}

TEST_CASE("a range is asked for by its start") {
  RangeMap<std::string> map;
  map.add(16, 32, "function");
  map.seal();
  REQUIRE(map.starting_at(16) != nullptr);
  CHECK(*map.starting_at(16) == "function");
  CHECK(map.starting_at(17) == nullptr);
}
