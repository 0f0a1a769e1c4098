// Several looks at one process, as several dumps of it are: the last one is judged, what came
// before it says what grows.
#pragma once

#include <string>
#include <vector>

#include "cli/model/loaded.h"

namespace track::verbs {

struct Series {
  std::vector<Loaded> earlier;  // oldest first
  Loaded last;
  std::string note() const;  // empty when there is only one look
};

// In the order of first mention.
std::vector<Series> into_series(std::vector<Loaded> processes);

// Rules `growing-tasks` and `growing-memory`, for the report of the last look.
std::vector<Finding> find_growth(const Series& series);

}  // namespace track::verbs
