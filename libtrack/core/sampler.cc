#include "libtrack/core/sampler.h"

#include "libtrack/wire/samples.h"

namespace track::core {
namespace {

using Wide = unsigned __int128;

constexpr uint64_t kOne = uint64_t{1} << 32;  // fixed point: 32 bits behind the point
constexpr uint64_t kLn2 = 2977044472;         // ln 2
constexpr uint64_t kHalf63 = uint64_t{1} << 63;

uint64_t multiply(uint64_t a, uint64_t b) {
  return static_cast<uint64_t>(static_cast<Wide>(a) * b >> 32);
}

// splitmix64: every state is as good as any other, 0 too.
uint64_t draw(uint64_t& state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

// -log2(number / 2^64), of a number that is not 0. Bit by bit: squaring doubles the logarithm.
uint64_t negative_log2(uint64_t number) {
  const auto zeros = static_cast<uint64_t>(__builtin_clzll(number));
  uint64_t mantissa = number << zeros;  // in [1, 2), 63 bits behind the point
  uint64_t log = 0;
  for (int bit = 31; bit >= 0; --bit) {
    const Wide square = static_cast<Wide>(mantissa) * mantissa >> 63;
    if (square >> 64 != 0) {
      log |= uint64_t{1} << bit;
      mantissa = static_cast<uint64_t>(square >> 1);
    } else {
      mantissa = static_cast<uint64_t>(square);
    }
  }
  return (zeros + 1) * kOne - log;
}

// 1 - exp(-x), x < 64. Multiples of ln 2 are shifts, the rest is Taylor's series.
uint64_t fill(uint64_t x) {
  const uint64_t halvings = x / kLn2;
  if (halvings >= 32) return kOne;
  const uint64_t rest = x % kLn2;
  uint64_t term = rest, sum = rest;  // 1 - exp(-rest)
  for (uint64_t i = 2; i < 16 && term != 0; ++i) {
    term = multiply(term, rest) / i;
    sum = i % 2 == 0 ? sum - term : sum + term;
  }
  return kOne - ((kOne - sum) >> halvings);
}

}  // namespace

uint64_t next_gap(uint64_t& random, uint64_t period) {
  const uint64_t number = draw(random);
  const uint64_t log = negative_log2(number != 0 ? number : kHalf63);
  return static_cast<uint64_t>(static_cast<Wide>(multiply(log, kLn2)) * period >> 32);
}

Estimate estimate_of(uint64_t size, uint64_t period) {
  if (size == 0) return {0, 0};
  if (size / period >= 32) return {wire::kObjectUnits, size};
  const auto x = static_cast<uint64_t>((static_cast<Wide>(size) << 32) / period);
  // Where x has few digits left, the first terms of the quotient's own series have all of them:
  // 1 / (1 - exp(-x)) = 1/x + 1/2 + x/12 - …
  if (x < kOne >> 10)
    return {(wire::kObjectUnits * (2 * period + size) + size) / (2 * size),
            period + size / 2 + multiply(x, size) / 12};
  const uint64_t p = fill(x);
  return {static_cast<uint64_t>(((static_cast<Wide>(wire::kObjectUnits) << 32) + p / 2) / p),
          static_cast<uint64_t>(((static_cast<Wide>(size) << 32) + p / 2) / p)};
}

}  // namespace track::core
