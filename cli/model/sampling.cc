#include "cli/model/sampling.h"

#include <cmath>

namespace track {

double blocks_a_sample(uint64_t bytes, uint64_t period) {
  if (period == 0) return 1;
  if (bytes == 0) return 0;
  return 1 / -std::expm1(-static_cast<double>(bytes) / static_cast<double>(period));
}

double missed(uint64_t bytes, uint64_t period) {
  return period == 0 ? 0 : std::exp(-static_cast<double>(bytes) / static_cast<double>(period));
}

}  // namespace track
