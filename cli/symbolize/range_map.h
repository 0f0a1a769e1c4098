// Address ranges that may nest or overlap, and the question "which is the innermost one here?".
// Fill with add(), call seal() once, then ask. Half-open ranges; empty ones are dropped.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace track::symbolize {

template <typename Value>
class RangeMap {
 public:
  void add(uint64_t start, uint64_t end, Value value) {
    if (start < end) ranges_.push_back({start, end, 0, std::move(value)});
  }

  void seal() {
    std::stable_sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) {
      return a.start != b.start ? a.start < b.start : a.end > b.end;
    });
    uint64_t reach = 0;
    for (Range& range : ranges_) range.reach = reach = std::max(reach, range.end);
  }

  // The covering range that starts last (and of those the shortest); null when none covers.
  const Value* find(uint64_t point) const {
    auto at = after(point);
    for (size_t steps = 0; at != ranges_.begin() && steps < kMaxSteps; ++steps) {
      --at;
      if (point < at->end) return &at->value;
      if (at->reach <= point) return nullptr;
    }
    return nullptr;
  }

  const Value* starting_at(uint64_t point) const {
    auto at = after(point);
    if (at == ranges_.begin() || (--at)->start != point) return nullptr;
    return &at->value;
  }

  // The first in the order of addresses that `wanted` says yes to; null when it never does.
  template <typename Wanted>
  const Value* find_if(Wanted wanted) const {
    const auto at = std::find_if(ranges_.begin(), ranges_.end(),
                                 [&](const Range& range) { return wanted(range.value); });
    return at == ranges_.end() ? nullptr : &at->value;
  }

  bool empty() const { return ranges_.empty(); }

 private:
  struct Range {
    uint64_t start;
    uint64_t end;
    uint64_t reach;  // highest end of this range and all before it: where walking back may stop
    Value value;
  };

  // Real nesting is shallow; damaged input must not make a lookup linear.
  static constexpr size_t kMaxSteps = 1024;

  auto after(uint64_t point) const {
    return std::upper_bound(ranges_.begin(), ranges_.end(), point,
                            [](uint64_t p, const Range& range) { return p < range.start; });
  }

  std::vector<Range> ranges_;
};

}  // namespace track::symbolize
