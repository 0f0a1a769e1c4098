// A profile in pprof's terms: values by call stack and labels. Plain data that stands by itself: it
// names its own modules and code, so that profiles of several processes or moments can be merged,
// subtracted and written without the trace they were made from. Stacks are leaf first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/model/frame.h"

namespace track {

struct ValueType {
  std::string type;  // "inuse_space"
  std::string unit;  // "count", "bytes", "nanoseconds"
  bool operator==(const ValueType&) const = default;
};

struct ProfileLabel {
  std::string key;
  std::string text;  // empty: the number counts
  int64_t number = 0;
  std::string unit;  // of the number
  auto operator<=>(const ProfileLabel&) const = default;
};

struct ProfileSample {
  std::vector<uint32_t> stack;       // into Profile::locations, leaf first; no two samples share
  std::vector<ProfileLabel> labels;  // stack and labels. Sorted by key
  std::vector<int64_t> values;       // one for each of Profile::value_types
};

// Values are memory, charged to whoever allocated it.
inline bool is_heap(const std::vector<ValueType>& types) {
  return !types.empty() && types.back().unit == "bytes" && types.back().type.ends_with("_space");
}

struct Profile {
  std::string type;  // "heap": as the command line names it
  std::vector<ValueType> value_types;
  size_t shown = 0;  // of value_types: what a reader wants to see first
  ValueType period_type;
  int64_t period = 0;
  uint64_t time_ns = 0;         // CLOCK_REALTIME when it was taken
  uint64_t duration_ns = 0;     // what time cumulative values span; 0 = a moment
  std::vector<Module> modules;  // [0] is the program itself
  // Distinct. Without an address (0) a location is no machine code, but a line that is known by
  // name only: the co_await a coroutine waits at, or a mark such as "(created by)".
  std::vector<Location> locations;
  std::vector<ProfileSample> samples;
  std::vector<std::string> comments;  // losses, what could not be seen, how values were estimated
};

}  // namespace track
