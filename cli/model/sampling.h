// What samples of allocations say, and how surely. Each byte asked for is picked with odds of 1 to
// the period: a block of S bytes is sampled with p = 1 - exp(-S / period).
#pragma once

#include <cstdint>

namespace track {

// How many blocks of that size a sampled one stands for: 1/p. 1 where nothing is sampled (period
// 0).
double blocks_a_sample(uint64_t bytes, uint64_t period);

// The odds that not one of so many leaked bytes was picked, whatever the blocks' size.
double missed(uint64_t bytes, uint64_t period);

}  // namespace track
