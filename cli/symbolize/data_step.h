// A way through memory as it is asked about, and what declarations say of it: see data_path.h.
#pragma once

#include <cstdint>
#include <string>

namespace track::symbolize {

inline constexpr uint64_t kNoOffset = ~uint64_t{0};

// One block on the way.
struct DataHop {
  uint64_t bytes = 0;           // of the block
  uint64_t into = kNoOffset;    // where in it the word before leads; kNoOffset = that is not known
  uint64_t offset = kNoOffset;  // where in it the word is that leads on, or what is asked for
  bool last = false;            // what is at the offset is no pointer, but the end of the way
  std::string at_head;          // class of the object at its head by its virtual table, if any
  bool shared = false;          // that is what std::make_shared put behind its counts
};

struct DataStep {
  std::string type;    // what the block is; of the variable, or of its member, the type
  std::string member;  // through which member the way goes on: "peers[3].frame"
};

}  // namespace track::symbolize
