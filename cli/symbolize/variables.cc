#include "cli/symbolize/variables.h"

#include <dwarf.h>

#include <cstring>
#include <optional>

#include "cli/symbolize/dies.h"

namespace track::symbolize {
namespace {

constexpr size_t kMostEntries = size_t{8} << 20;  // about a second

// Where the variable lies, when that is one constant address (a thread's own has no such).
std::optional<uint64_t> address_of(Dwarf_Die& die) {
  Dwarf_Attribute location;
  Dwarf_Block block;
  if (dwarf_attr(&die, DW_AT_location, &location) == nullptr ||
      dwarf_formblock(&location, &block) != 0 || block.length == 0)
    return std::nullopt;
  if (block.data[0] == DW_OP_addr && block.length == 1 + sizeof(uint64_t)) {
    uint64_t address = 0;
    std::memcpy(&address, block.data + 1, sizeof address);
    return address;
  }
  if (block.data[0] != DW_OP_addrx && block.data[0] != DW_OP_GNU_addr_index) return std::nullopt;
  Dwarf_Op* operations = nullptr;
  size_t count = 0;
  Dwarf_Attribute result;
  Dwarf_Addr address = 0;
  if (dwarf_getlocation(&location, &operations, &count) != 0 || count != 1 ||
      dwarf_getlocation_attr(&location, operations, &result) != 0 ||
      dwarf_formaddr(&result, &address) != 0)
    return std::nullopt;
  return address;
}

}  // namespace

void Variables::visit(Dwarf_Die& parent, const std::set<uint64_t>& addresses, bool in_functions,
                      int depth) {
  if (depth > kMaxDepth) return;
  for_each_child(parent, budget_, [&](Dwarf_Die& child) {
    const int tag = dwarf_tag(&child);
    if (tag == DW_TAG_variable) {
      const std::optional<uint64_t> address = address_of(child);
      if (address && addresses.count(*address) != 0 && found_.emplace(*address, child).second)
        --missing_;
    } else if (tag == DW_TAG_namespace ||
               (in_functions && (tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block ||
                                 tag == DW_TAG_inlined_subroutine))) {
      visit(child, addresses, in_functions, depth + 1);
    }
    return missing_ != 0;
  });
}

void Variables::look_for(const std::set<uint64_t>& addresses, bool in_functions) {
  missing_ = 0;
  for (const uint64_t address : addresses)
    missing_ += searched_.insert({address, in_functions}).second && found_.count(address) == 0;
  budget_ = kMostEntries;
  Dwarf_CU* at = nullptr;
  Dwarf_CU* next = nullptr;
  uint8_t type = 0;
  Dwarf_Die die, split;
  while (missing_ != 0 && budget_ != 0 &&
         dwarf_get_units(dwarf_, at, &next, nullptr, &type, &die, &split) == 0) {
    at = next;
    if (type == DW_UT_compile) visit(die, addresses, in_functions, 0);
    if (type == DW_UT_skeleton && dwarf_tag(&split) != DW_TAG_invalid)
      visit(split, addresses, in_functions, 0);
  }
}

Dwarf_Die* Variables::at(uint64_t address) {
  const auto known = found_.find(address);
  return known == found_.end() ? nullptr : &known->second;
}

}  // namespace track::symbolize
