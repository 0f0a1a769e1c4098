// A timeline as the JSON of Chrome's trace viewer, which other viewers read too. For small ones.
#pragma once

#include <string>

#include "cli/model/timeline.h"

namespace track::write {

inline constexpr size_t kMostChromeSlices = 200'000;

// Throws Error: too large for its readers.
std::string chrome_trace(const Timeline& timeline);

}  // namespace track::write
