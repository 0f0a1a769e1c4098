#include "cli/analyze/trend.h"

#include <algorithm>
#include <cmath>

namespace track::analyze {
namespace {

constexpr double kHour = 3600e9;  // ns
// Beyond this nobody can mean the figure.
constexpr double kMost = 1e18;

}  // namespace

double growth_per_hour(std::span<const TrendPoint> points) {
  if (points.size() < 2) return 0;
  const auto count = static_cast<double>(points.size());
  const auto hours = [&](const TrendPoint& point) {
    return static_cast<double>(point.at_ns - points.front().at_ns) / kHour;
  };
  double mean_time = 0, mean_value = 0;
  for (const TrendPoint& point : points) {
    mean_time += hours(point) / count;
    mean_value += static_cast<double>(point.value) / count;
  }
  double above = 0, below = 0;
  for (const TrendPoint& point : points) {
    const double time = hours(point) - mean_time;
    above += time * (static_cast<double>(point.value) - mean_value);
    below += time * time;
  }
  return below > 0 ? above / below : 0;
}

std::string growth_text(std::span<const TrendPoint> points,
                        const std::function<std::string(uint64_t)>& amount) {
  const double hour = growth_per_hour(points), day = 24 * hour;
  if (!(day >= 1 && day < kMost)) return {};
  // More than two digits would be more than is known.
  const auto text = [&](double value) {
    const double unit = std::pow(10, std::max(0.0, std::floor(std::log10(value)) - 1));
    return amount(static_cast<uint64_t>(std::llround(value / unit)) *
                  static_cast<uint64_t>(std::llround(unit)));
  };
  if (hour < 1) return "some " + text(day) + " more a day";
  return "some " + text(hour) + " more an hour; at this rate " + text(day) + " more in a day";
}

}  // namespace track::analyze
