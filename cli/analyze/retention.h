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
constexpr uint64_t in_declared(uint32_t word) {
  return uint64_t{0xfffd} << 48 | word;
}

// ranges: sorted, disjoint.
bool in_one_of(const std::vector<AddressRange>& ranges, uint64_t at);

class RetentionFinder {
 public:
  // All outlive the finder.
  RetentionFinder(const Trace& trace, const MemoryPicture& picture, const Marker& marker);
  // The root first; the last step is the block itself. Empty: the block is not reached.
  std::vector<RetentionStep> path_to(Cell cell) const;
  // The same of what lies at an address; of what is in no block, only where that is.
  std::vector<RetentionStep> path_to_address(uint64_t address) const;

 private:
  RetentionStep root(uint64_t referrer) const;
  RetentionStep block(Cell cell) const;
  uint32_t task_of(size_t thread) const;
  uint64_t word_at(uint64_t address) const;
  bool is_variable(uint64_t address) const;  // of a thread
  bool leads_to(uint64_t target, Cell cell) const;

  const Trace& trace_;
  const MemoryPicture& picture_;
  const Marker& marker_;
  std::unordered_map<Cell, size_t> stacks_;           // cell -> thread of the picture
  std::unordered_map<Cell, uint32_t> fibers_;         // cell -> fiber
  std::unordered_map<uint64_t, uint32_t> functions_;  // frame -> function
};

// The way to what a waiting thread waits on; null: not told.
const std::vector<RetentionStep>* way_to_object(const Fixpoint& fixpoint, const Thread& thread);

// "global `registry`", "heap block of 64 B", "frame of session(int)", ...
std::vector<std::string> retention_words(const std::vector<RetentionStep>& path, const Trace& trace,
                                         const Symbols& symbols);
// A global that the object lies in, and that is named wherever the object is: no news.
bool only_itself(const std::vector<RetentionStep>& path, const Symbols& symbols);
// Of these words one line.
std::string retention_line(const std::vector<std::string>& words);

}  // namespace track::analyze
