// sampler.h: which bytes are picked, and what a picked block stands for (wire/samples.h). Whole
// numbers only: the target's floating-point state, errno and libm stay out of it. Pure functions,
// for any thread and any signal handler.
#pragma once

#include <cstdint>

namespace track::core {

// Bytes that are passed over before the next one is picked: exponentially distributed with that
// mean, so how many were passed over already says nothing. random: of the caller, advanced; any
// value will do.
uint64_t next_gap(uint64_t& random, uint64_t period);

// How many blocks of that size a sampled one stands for, in units of 1 / wire::kObjectUnits, and
// their bytes: size / (1 - exp(-size / period)).
struct Estimate {
  uint64_t objects;
  uint64_t bytes;
};
Estimate estimate_of(uint64_t size, uint64_t period);

}  // namespace track::core
