#include "cli/symbolize/dies.h"

#include <dwarf.h>

namespace track::symbolize {

const char* text_of(Dwarf_Die& die, unsigned attribute) {
  Dwarf_Attribute found;
  if (!dwarf_attr_integrate(&die, attribute, &found)) return nullptr;
  const char* text = dwarf_formstring(&found);
  return text && *text ? text : nullptr;
}

Dwarf_Die declaration_of(Dwarf_Die die) {
  for (int hops = 0; hops < 16; ++hops) {
    Dwarf_Attribute link;
    Dwarf_Die target;
    if (!dwarf_attr(&die, DW_AT_abstract_origin, &link) &&
        !dwarf_attr(&die, DW_AT_specification, &link)) {
      break;
    }
    if (!dwarf_formref_die(&link, &target)) break;
    die = target;
  }
  return die;
}

size_t walk_budget(Dwarf_Die& unit) {
  const Dwarf_Off start = dwarf_dieoffset(&unit) - dwarf_cuoffset(&unit);
  Dwarf_Off next = 0;
  size_t header = 0;
  Dwarf* dwarf = dwarf_cu_getdwarf(unit.cu);
  if (dwarf_nextcu(dwarf, start, &next, &header, nullptr, nullptr, nullptr) != 0) return 0;
  return next - start;
}

}  // namespace track::symbolize
