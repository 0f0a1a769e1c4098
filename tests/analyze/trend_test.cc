#include "cli/analyze/trend.h"

#include <doctest/doctest.h>

#include <vector>

#include "cli/model/words.h"

using namespace track;
using analyze::TrendPoint;

namespace {

constexpr uint64_t kHour = 3'600'000'000'000;

}  // namespace

TEST_CASE("the slope is that of the best straight line, whenever the looks were taken") {
  const std::vector<TrendPoint> straight = {{5 * kHour, 100}, {6 * kHour, 110}, {9 * kHour, 140}};
  CHECK(analyze::growth_per_hour(straight) == doctest::Approx(10));
  const std::vector<TrendPoint> bent = {{0, 0}, {kHour, 30}, {2 * kHour, 40}};
  CHECK(analyze::growth_per_hour(bent) == doctest::Approx(20));
  const std::vector<TrendPoint> falls = {{0, 40}, {kHour, 30}};
  CHECK(analyze::growth_per_hour(falls) == doctest::Approx(-10));
  CHECK(analyze::growth_text(falls, grouped).empty());
}

TEST_CASE("what grows slowly is told by the day") {
  const std::vector<TrendPoint> slow = {{0, 3}, {48 * kHour, 9}};
  CHECK(analyze::growth_text(slow, grouped) == "some 3 more a day");
  const std::vector<TrendPoint> fast = {{0, 0}, {kHour / 60, 1 << 20}};
  CHECK(analyze::growth_text(fast, bytes_text) ==
        "some 60 MiB more an hour; at this rate 1.4 GiB more in a day");
}

TEST_CASE("looks of one moment have no slope") {
  const std::vector<TrendPoint> once = {{kHour, 3}, {kHour, 9}};
  CHECK(analyze::growth_per_hour(once) == 0);
  CHECK(analyze::growth_text(once, grouped).empty());
  CHECK(analyze::growth_per_hour({}) == 0);
}
