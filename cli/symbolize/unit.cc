#include "cli/symbolize/unit.h"

#include <dwarf.h>

namespace track::symbolize {

void Unit::open() {
  if (opened_) return;
  opened_ = true;
  body_ = die_;
  uint8_t type = 0;
  Dwarf_Die top, split;
  if (dwarf_cu_info(die_.cu, nullptr, &type, &top, &split, nullptr, nullptr, nullptr) == 0 &&
      type == DW_UT_skeleton) {
    split_missing_ = split.cu == nullptr;
    if (!split_missing_) body_ = split;
  }
  size_t budget = walk_budget(body_);
  index_functions(body_, false, 0, budget);
  functions_.seal();
}

bool Unit::split_part_missing() {
  open();
  return split_missing_;
}

// Compilers put function bodies at the top or in namespaces; looking into types and into other
// functions too (`everywhere`) costs three times as much and is done when that finds nothing.
void Unit::index_functions(Dwarf_Die& parent, bool everywhere, int depth, size_t& budget) {
  if (depth > kMaxDepth) return;
  for_each_child(parent, budget, [&](Dwarf_Die& child) {
    const int tag = dwarf_tag(&child);
    if (tag == DW_TAG_subprogram) {
      for_each_range(child, [&](uint64_t start, uint64_t end) {
        if (start != 0) functions_.add(start, end, child);  // 0: discarded by the linker
      });
    }
    if (tag == DW_TAG_namespace || tag == DW_TAG_module || everywhere) {
      index_functions(child, everywhere, depth + 1, budget);
    }
    return true;
  });
}

std::vector<Dwarf_Die> Unit::functions_at(uint64_t address, bool surely_code) {
  open();
  const Dwarf_Die* function = functions_.find(address);
  if (!function && surely_code && !indexed_everywhere_) {
    indexed_everywhere_ = true;
    functions_ = {};
    size_t budget = walk_budget(body_);
    index_functions(body_, true, 0, budget);
    functions_.seal();
    function = functions_.find(address);
  }
  if (!function) return {};

  std::vector<Dwarf_Die> chain = {*function};
  Dwarf_Die at = *function;
  size_t budget = walk_budget(body_);
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    bool deeper = false;
    for_each_child(at, budget, [&](Dwarf_Die& child) {
      const int tag = dwarf_tag(&child);
      const bool call = tag == DW_TAG_inlined_subroutine;
      if (!call && tag != DW_TAG_lexical_block && tag != DW_TAG_try_block &&
          tag != DW_TAG_catch_block) {
        return true;
      }
      if (!covers(child, address)) return true;
      if (call) chain.push_back(child);
      at = child;
      deeper = true;
      return false;
    });
    if (!deeper) break;
  }
  return chain;
}

SourceLine Unit::line_at(uint64_t address) {
  if (!lines_read_) {
    lines_read_ = true;
    if (dwarf_getsrclines(&die_, &lines_, &line_count_) != 0) line_count_ = 0;
  }
  // The last row at or before the address; libdw keeps the rows sorted.
  size_t low = 0, high = line_count_;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    Dwarf_Addr row = 0;
    dwarf_lineaddr(dwarf_onesrcline(lines_, middle), &row);
    if (row <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return {};
  Dwarf_Line* row = dwarf_onesrcline(lines_, low - 1);
  bool past_end = false;
  if (dwarf_lineendsequence(row, &past_end) != 0 || past_end) return {};
  int line = 0, column = 0;
  dwarf_lineno(row, &line);
  dwarf_linecol(row, &column);
  SourceLine found;
  found.file = dwarf_linesrc(row, nullptr, nullptr);
  found.line = line > 0 ? static_cast<uint32_t>(line) : 0;
  found.column = column > 0 ? static_cast<uint32_t>(column) : 0;
  return found;
}

const char* Unit::file_name(uint64_t index) {
  Dwarf_Files* files = nullptr;
  size_t count = 0;
  if (dwarf_getsrcfiles(&die_, &files, &count) != 0 || index >= count) return nullptr;
  return dwarf_filesrc(files, index, nullptr, nullptr);
}

}  // namespace track::symbolize
