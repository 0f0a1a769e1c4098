// Who keeps a block: the way from something that does not go away (a global, a live thread's stack,
// the kernel) to it, as marking found it first; there may be others.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/analyze/mark.h"
#include "cli/model/proof.h"
#include "cli/model/symbols.h"

namespace track::analyze {

// What Marker::mark_word is told of words that lie in no memory.
constexpr uint64_t in_registers(uint32_t thread) {
  return uint64_t{0xffff} << 48 | thread;
}
constexpr uint64_t in_kernel(uint32_t word) {
  return uint64_t{0xfffe} << 48 | word;
}

class RetentionFinder {
 public:
  // All outlive the finder.
  RetentionFinder(const Trace& trace, const MemoryPicture& picture, const Marker& marker);
  // The root first; the last step is the block itself. Empty: the block is not reached.
  std::vector<RetentionStep> path_to(Cell cell) const;

 private:
  RetentionStep root(uint64_t referrer) const;
  RetentionStep block(Cell cell) const;
  uint32_t task_of(size_t thread) const;

  const Trace& trace_;
  const MemoryPicture& picture_;
  const Marker& marker_;
  std::unordered_map<Cell, size_t> stacks_;           // cell -> thread of the picture
  std::unordered_map<uint64_t, uint32_t> functions_;  // frame -> function
};

// "global `registry`", "heap block of 64 B", "frame of session(int)", ...
std::vector<std::string> retention_words(const std::vector<RetentionStep>& path, const Trace& trace,
                                         const Symbols& symbols);
// Of these words one line.
std::string retention_line(const std::vector<std::string>& words);

}  // namespace track::analyze
