// Whether what was found out of one list of modules holds of another.
#pragma once

#include <algorithm>
#include <vector>

#include "cli/model/frame.h"

namespace track {

inline bool same_modules(const std::vector<Module>& one, const std::vector<Module>& other) {
  return std::equal(
      one.begin(), one.end(), other.begin(), other.end(), [](const Module& a, const Module& b) {
        return a.start == b.start && a.end == b.end && a.base == b.base && a.loaded == b.loaded &&
               a.unloaded == b.unloaded && a.path == b.path && a.build_id == b.build_id;
      });
}

}  // namespace track
