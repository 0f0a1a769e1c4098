// One compilation unit: which function and which source line an address belongs to. Read when
// first asked; nothing is kept of it that libdw does not keep anyway, but the function ranges.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <vector>

#include "cli/symbolize/dies.h"
#include "cli/symbolize/range_map.h"

namespace track::symbolize {

struct SourceLine {
  const char* file = nullptr;  // null when unknown
  uint32_t line = 0;
  uint32_t column = 0;
};

class Unit {
 public:
  explicit Unit(const Dwarf_Die& die) : die_(die) {}

  // The function's entry followed by those of the calls inlined at the address, outermost first.
  // Empty when the unit describes no function there. `surely_code`: there is a function there (a
  // symbol says so, it is not padding), so unusual places are searched for its entry too.
  std::vector<Dwarf_Die> functions_at(uint64_t address, bool surely_code);
  SourceLine line_at(uint64_t address);
  // A file named by number in an entry of this unit (DW_AT_call_file); null when out of range.
  const char* file_name(uint64_t index);
  // True when its entries are in a .dwo file that was not found.
  bool split_part_missing();

 private:
  void open();
  void index_functions(Dwarf_Die& parent, bool everywhere, int depth, size_t& budget);

  Dwarf_Die die_;   // has the line table
  Dwarf_Die body_;  // has the functions: die_, or its other half in a .dwo file
  bool opened_ = false;
  bool split_missing_ = false;
  bool indexed_everywhere_ = false;
  bool lines_read_ = false;
  RangeMap<Dwarf_Die> functions_;
  Dwarf_Lines* lines_ = nullptr;
  size_t line_count_ = 0;
};

}  // namespace track::symbolize
