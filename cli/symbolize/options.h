// Where the symbolizer may look. Plain data.
#pragma once

#include <string>
#include <vector>

namespace track::symbolize {

struct Options {
  std::string sysroot;      // another root to find files in: "/proc/PID/root"; empty = "/"
  bool debuginfod = false;  // never touch the network unless asked
  std::vector<std::string> debug_dirs = {"/usr/lib/debug"};
};

}  // namespace track::symbolize
