// Which namespace, class or function an entry of a unit lies in. DWARF entries do not know their
// parents; this finds them without walking the whole unit for each question.
#pragma once

#include <elfutils/libdw.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/symbolize/range_map.h"

namespace track::symbolize {

class Scopes {
 public:
  explicit Scopes(Dwarf_Die& unit);

  // "app::(anonymous namespace)::Server::" for an entry of this unit; empty at the top.
  std::string prefix_of(Dwarf_Die& die) const;

 private:
  static constexpr uint32_t kTop = UINT32_MAX;
  struct Scope {
    Dwarf_Die die;
    uint32_t parent;
  };
  void index_children(Dwarf_Die& parent, uint32_t parent_scope, uint64_t end, int depth,
                      size_t& budget);

  std::string prefix_of_scope(uint32_t scope, int depth) const;

  std::vector<Scope> scopes_;     // namespaces and what lies directly in them
  RangeMap<uint32_t> by_offset_;  // entry offsets -> index into scopes_
};

}  // namespace track::symbolize
