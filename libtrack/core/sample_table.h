// sample_table.h: the sampled blocks that are in use (alloc=BYTES), in the recording, and the
// question that every free asks first.
//
// Any thread and any signal handler, at any time; nothing locks or waits. A block is entered by the
// thread that got it from the allocator and taken out by the one that gives it back, before it
// does: nobody else has the address meanwhile. What there is no room for is counted in
// lost().blocks.
#pragma once

#include <cstdint>

#include "libtrack/core/recording.h"
#include "libtrack/wire/samples.h"

namespace track::core {

inline constexpr unsigned kSampleFilterBits = 16;

// How many sampled blocks in use have an address of this hash; 255 = that many or more, for ever.
// Emptied by the kernel in every child, who knows nothing of its parent's blocks.
struct alignas(4096) SampleFilter {
  std::atomic<uint8_t> count[1u << kSampleFilterBits];
};
extern SampleFilter sample_filter;

inline uint64_t sample_hash(uint64_t address) {
  return (address >> 4) * 0x9e3779b97f4a7c15;
}
inline bool may_be_sampled(uint64_t address) {
  return sample_filter.count[sample_hash(address) >> (64 - kSampleFilterBits)].load(
             std::memory_order_relaxed) != 0;
}

// Once, in a recording that was planned with such a table; false: there is no room for it.
bool start_sample_table(uint64_t period);
void restart_sample_table_after_fork();

// One that was picked: entered, and added to what its stack ever allocated.
void add_sample(uint64_t address, uint64_t bytes, uint32_t stack, uint32_t task);

// What remove_sample() took out; address 0: it was not sampled.
struct TakenSample {
  uint64_t address = 0, bytes = 0, ticks = 0;
  uint32_t stack = 0, task = 0;
};
TakenSample remove_sample(uint64_t address);
// The block was not given back after all.
void restore_sample(const TakenSample& sample);

}  // namespace track::core
