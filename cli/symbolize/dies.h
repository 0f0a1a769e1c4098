// Walking DWARF's tree of entries ("DIEs") in files that may be damaged: siblings only ever go
// forward and every walk has a budget, so no input makes it loop or blow up.
#pragma once

#include <elfutils/libdw.h>

#include <cstddef>
#include <cstdint>

namespace track::symbolize {

constexpr int kMaxDepth = 256;

// Calls visit(Dwarf_Die&) for each child until it returns false or the budget is used up.
template <typename Visit>
void for_each_child(Dwarf_Die& parent, size_t& budget, Visit visit) {
  Dwarf_Die child;
  if (dwarf_child(&parent, &child) != 0) return;
  while (budget > 0) {
    --budget;
    if (!visit(child)) return;
    Dwarf_Die next;
    if (dwarf_siblingof(&child, &next) != 0 || next.addr <= child.addr) return;
    child = next;
  }
}

// Calls add(start, end) for each range of code the entry covers.
template <typename Add>
void for_each_range(Dwarf_Die& die, Add add) {
  constexpr int kMaxRanges = 1 << 20;
  Dwarf_Addr base = 0, start = 0, end = 0;
  ptrdiff_t offset = 0;
  for (int i = 0; i < kMaxRanges; ++i) {
    offset = dwarf_ranges(&die, offset, &base, &start, &end);
    if (offset <= 0) return;
    add(start, end);
  }
}

inline bool covers(Dwarf_Die& die, uint64_t address) {
  bool inside = false;
  for_each_range(die, [&](uint64_t start, uint64_t end) {
    inside = inside || (address >= start && address < end);
  });
  return inside;
}

// A string attribute of the entry, of its origin or of its declaration; null when empty.
const char* text_of(Dwarf_Die& die, unsigned attribute);

// The entry that lies inside its namespace or class: follows origin and declaration to the end.
Dwarf_Die declaration_of(Dwarf_Die die);

// Entries in a unit are at least one byte each: what bounds a walk over all of it.
size_t walk_budget(Dwarf_Die& unit);

}  // namespace track::symbolize
