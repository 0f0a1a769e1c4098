#include "cli/model/dump_layout.h"

#include <array>

namespace track::dump {

const char* part_name(Part part) {
  static constexpr std::array<const char*, kParts + 1> kNames = {
      "unknown", "process", "threads",   "coroutines",   "fibers",
      "stacks",  "modules", "functions", "await points", "memory",
      "code",    "names",   "proofs",    "contention",   "history"};
  const auto index = static_cast<size_t>(part);
  return kNames[index < kNames.size() ? index : 0];
}

}  // namespace track::dump
