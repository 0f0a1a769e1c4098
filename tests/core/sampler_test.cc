#include "libtrack/core/sampler.h"

#include <doctest/doctest.h>

#include <cmath>

#include "libtrack/wire/samples.h"

using namespace track;

TEST_CASE("Gaps between samples are exponentially distributed, with the period as their mean") {
  constexpr uint64_t kPeriod = 512 << 10;
  constexpr int kDraws = 100000;
  uint64_t random = 42;
  double sum = 0;
  int beyond[4] = {};  // the period, twice, …
  for (int i = 0; i < kDraws; ++i) {
    const auto gap = static_cast<double>(core::next_gap(random, kPeriod)) / kPeriod;
    sum += gap;
    for (int k = 0; k < 4; ++k) beyond[k] += gap > k + 1;
  }
  CHECK(std::abs(sum / kDraws - 1) < 0.02);
  for (int k = 0; k < 4; ++k) CHECK(std::abs(beyond[k] / std::exp(-k - 1.0) / kDraws - 1) < 0.06);
}

TEST_CASE("What a sample stands for is its size by the odds of being picked") {
  for (const uint64_t period :
       {uint64_t{1}, uint64_t{4096}, uint64_t{512} << 10, wire::kLargestSamplePeriod})
    for (const uint64_t size :
         {uint64_t{1}, uint64_t{16}, uint64_t{100}, uint64_t{511}, uint64_t{4096}, uint64_t{100000},
          uint64_t{5} << 20, uint64_t{1} << 36, uint64_t{1} << 45}) {
      const double stands_for =
          1 / -std::expm1(-static_cast<double>(size) / static_cast<double>(period));
      const core::Estimate estimate = core::estimate_of(size, period);
      const double objects = static_cast<double>(estimate.objects) / wire::kObjectUnits;
      CHECK(std::abs(objects / stands_for - 1) < 1e-3);
      CHECK(std::abs(static_cast<double>(estimate.bytes) - stands_for * static_cast<double>(size)) <
            1 + 1e-5 * stands_for * static_cast<double>(size));
    }
  CHECK(core::estimate_of(0, 4096).bytes == 0);
}

// What the bound beside every sampled verdict says, over 100 runs of a program that leaks.
TEST_CASE("A leak of known size is recovered within the stated bound") {
  constexpr uint64_t kPeriod = 512 << 10, kBlock = 96, kLeak = uint64_t{3} << 20;
  constexpr int kRuns = 100;
  int missed = 0;
  double sum = 0, squares = 0;
  for (uint64_t run = 1; run <= kRuns; ++run) {
    uint64_t random = run * 1000;
    uint64_t left = core::next_gap(random, kPeriod);
    uint64_t found = 0;
    for (uint64_t at = 0; at < kLeak; at += kBlock) {
      if (kBlock <= left) {
        left -= kBlock;
        continue;
      }
      left = core::next_gap(random, kPeriod);
      found += core::estimate_of(kBlock, kPeriod).bytes;
    }
    missed += found == 0;
    const double share = static_cast<double>(found) / kLeak;
    sum += share;
    squares += (share - 1) * (share - 1);
  }
  // exp(-6) of the runs see nothing: of 100 one at most, but for odds of 1 in 40.
  CHECK(missed <= 1);
  // Relative error sqrt(period / leak) = 0.41 a run, a tenth of that for the mean of 100.
  CHECK(std::abs(sum / kRuns - 1) < 3 * 0.041);
  CHECK(std::sqrt(squares / kRuns) == doctest::Approx(0.41).epsilon(0.25));
}

TEST_CASE("The period is written in bytes, with k, m or g behind it, or as the default's name") {
  CHECK(wire::sample_period("sampled") == 512 << 10);
  CHECK(wire::sample_period("512k") == 512 << 10);
  CHECK(wire::sample_period("2M") == 2 << 20);
  CHECK(wire::sample_period("1g") == 1 << 30);
  CHECK(wire::sample_period("1") == 1);
  for (const char* none : {"", "off", "exact", "0", "k", "12q", "1kk", "-5", "sample", "sampled1",
                           "99999999999999999999", "2000g"})
    CHECK(wire::sample_period(none) == 0);
}
