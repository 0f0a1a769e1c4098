#include "cli/read/clock.h"

#include <doctest/doctest.h>

using track::read::Clock;

TEST_CASE("ticks become nanoseconds along the line through both pairs") {
  const Clock clock({1000, 500}, {3000, 1500}, 10'000);
  CHECK(clock.to_ns(500) == 1000);
  CHECK(clock.to_ns(1000) == 2000);
  CHECK(clock.to_ns(2000) == 4000);
}

TEST_CASE("no ticks are no time") {
  CHECK(Clock({1000, 500}, {3000, 1500}, 10'000).to_ns(0) == 0);
}

TEST_CASE("times outside the recording's life are clamped to it") {
  const Clock clock({1000, 500}, {3000, 1500}, 4000);
  CHECK(clock.to_ns(1) == 1000);
  CHECK(clock.to_ns(~uint64_t{0}) == 4000);
}

TEST_CASE("a second pair that makes no sense stops the clock at the first") {
  const Clock clock({1000, 500}, {900, 400}, 4000);
  CHECK(clock.to_ns(800) == 1000);
}
