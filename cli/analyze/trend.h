// A straight line (least squares) through what several looks counted: how fast it grows.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace track::analyze {

struct TrendPoint {
  uint64_t at_ns = 0;
  uint64_t value = 0;
};

// In units of value per hour; 0 when all points are of one time.
double growth_per_hour(std::span<const TrendPoint> points);

// "some 240 more an hour; at this rate 5 760 more in a day". Empty when it does not grow.
std::string growth_text(std::span<const TrendPoint> points,
                        const std::function<std::string(uint64_t)>& amount);

}  // namespace track::analyze
