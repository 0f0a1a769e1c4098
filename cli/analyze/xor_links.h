// Lists whose links are the xor of both neighbours' addresses: who stands at one node and knows the
// one before finds the next. Followed here as the program would, over nodes of one size.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "cli/analyze/mark.h"

namespace track::analyze {

class XorLinks {
 public:
  explicit XorLinks(Marker& marker) : marker_(marker) {}
  // Marks what such links lead to; true: there was something.
  bool follow();

 private:
  bool follow_from(Cell cell);
  // The address by which the block was reached; 0 = not known.
  uint64_t name_of(Cell cell) const;

  Marker& marker_;
  std::vector<bool> sizes_;  // of unreached blocks, in 16 bytes
  std::vector<Cell> next_;
  std::unordered_map<Cell, uint64_t> names_;  // of those that were reached by such a link
};

}  // namespace track::analyze
