// What libtrack.so will not see of a program that it can be loaded into, as far as its file says.
// Bounds-checked: the file may be anything.
#pragma once

#include <cstdint>
#include <string>

namespace track::process {

struct BlindSpots {
  std::string allocator;      // linked in: "jemalloc"; "a malloc of its own" when it is not known
  uint64_t futexes = 0;       // system calls for futex in its own code
  uint64_t system_calls = 0;  // other ones
  bool go = false;
  bool rust = false;
  bool coroutines = false;         // that its symbols tell of
  bool clang_coroutines = false;   // of those, made by clang
  bool pooled_coroutines = false;  // a promise type allocates its frames itself
  bool stripped_clang = false;     // made by clang, and no symbols are left
};

BlindSpots find_blind_spots(const std::string& path);

}  // namespace track::process
