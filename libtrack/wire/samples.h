// samples.h: where the program's memory was allocated, in sums and in samples.
//
//   samples:     Sample[]: with alloc=BYTES, the sampled blocks that are in use; open addressing
//   heap_sites:  HeapSite[]: what was ever allocated, by stack: entry n is that of stack n
//   heap_deltas: HeapDelta[]: with alloc=exact, what is to be added to heap_sites; each thread that
//                allocates adds to a page of its own, so that no two fight over a line
//
// Sampling. Every byte that is asked for is picked with odds of 1 to the period, so a block of S
// bytes with p = 1 - exp(-S / period); each sample then stands for 1/p blocks. heap_sites of a
// sampled recording hold these estimates, summed up sample by sample, not the samples themselves.
#pragma once

#include <atomic>
#include <cstdint>

namespace track::wire {

struct Sample {
  std::atomic<uint64_t> address;  // written last, cleared first; kSampleClaimed = being written
  uint64_t bytes;                 // as asked for
  uint64_t ticks;
  uint32_t stack;
  uint32_t task;
};
static_assert(sizeof(Sample) == 32);
inline constexpr uint64_t kSampleClaimed = 1;

struct HeapSite {
  std::atomic<uint64_t> objects;  // sampled: in units of 1 / kObjectUnits
  std::atomic<uint64_t> bytes;
};
static_assert(sizeof(HeapSite) == 16);
inline constexpr uint64_t kObjectUnits = 1024;

struct HeapDelta {
  std::atomic<uint32_t> stack;  // 0 = nothing to add
  std::atomic<uint32_t> objects;
  std::atomic<uint64_t> bytes;
};
static_assert(sizeof(HeapDelta) == 16);
inline constexpr uint64_t kDeltasAThread = 1024;

inline constexpr uint64_t kDefaultSamplePeriod = 512 << 10;
inline constexpr uint64_t kLargestSamplePeriod = uint64_t{1} << 40;

// The value of option alloc: a mean distance of samples in bytes ("4096", "512k", "2m", "1g") or
// "sampled" for the default one. 0: something else.
constexpr uint64_t sample_period(const char* text) {
  const char* word = "sampled";
  const char* at = text;
  while (*word != 0 && *at == *word) ++at, ++word;
  if (*word == 0 && *at == 0) return kDefaultSamplePeriod;
  uint64_t period = 0;
  for (at = text; *at >= '0' && *at <= '9'; ++at) {
    period = period * 10 + static_cast<uint64_t>(*at - '0');
    if (period > kLargestSamplePeriod) return 0;
  }
  if (at == text) return 0;
  const unsigned shift = *at == 'k' || *at == 'K'   ? 10
                         : *at == 'm' || *at == 'M' ? 20
                         : *at == 'g' || *at == 'G' ? 30
                                                    : 0;
  if (shift != 0) ++at;
  period <<= shift;
  return *at == 0 && period <= kLargestSamplePeriod ? period : 0;
}

}  // namespace track::wire
