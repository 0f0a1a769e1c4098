#include "cli/symbolize/dies.h"

#include <dwarf.h>

#include <cstdlib>
#include <memory>

#include "cli/symbolize/demangle.h"

namespace track::symbolize {
namespace {

const char* text_of(Dwarf_Die& die, unsigned attribute) {
  Dwarf_Attribute found;
  if (!dwarf_attr_integrate(&die, attribute, &found)) return nullptr;
  const char* text = dwarf_formstring(&found);
  return text && *text ? text : nullptr;
}

// The entry that lies inside its namespace or class: follows origin and declaration to the end.
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

bool language_has_scopes(Dwarf_Die& die) {
  Dwarf_Die unit;
  if (!dwarf_diecu(&die, &unit, nullptr, nullptr)) return false;
  const int language = dwarf_srclang(&unit);
  return language != DW_LANG_C89 && language != DW_LANG_C && language != DW_LANG_C99 &&
         language != DW_LANG_C11 && language != DW_LANG_Mips_Assembler;
}

std::string scope_prefix(Dwarf_Die& declaration) {
  Dwarf_Die* scopes = nullptr;
  const int count = dwarf_getscopes_die(&declaration, &scopes);
  const std::unique_ptr<Dwarf_Die, decltype(&std::free)> owner(scopes, &std::free);
  std::string prefix;
  for (int i = 1; i < count; ++i) {  // [0] is the function itself
    const int tag = dwarf_tag(&scopes[i]);
    const char* name = dwarf_diename(&scopes[i]);
    if (tag == DW_TAG_namespace && !name) name = "(anonymous namespace)";
    if (tag != DW_TAG_namespace && tag != DW_TAG_class_type && tag != DW_TAG_structure_type &&
        tag != DW_TAG_union_type && tag != DW_TAG_subprogram) {
      continue;
    }
    prefix.insert(0, std::string(name ? name : "(anonymous)") + "::");
  }
  return prefix;
}

}  // namespace

FunctionName function_name(Dwarf_Die& die) {
  FunctionName name;
  const char* linkage = text_of(die, DW_AT_linkage_name);
  if (!linkage) linkage = text_of(die, DW_AT_MIPS_linkage_name);
  if (linkage) {
    name.linkage = linkage;
    name.plain = demangle(linkage);
    return name;
  }
  const char* plain = text_of(die, DW_AT_name);
  if (!plain) return name;
  Dwarf_Die declaration = declaration_of(die);
  name.plain = language_has_scopes(declaration) ? scope_prefix(declaration) + plain : plain;
  return name;
}

size_t walk_budget(Dwarf_Die& unit) {
  const Dwarf_Off start = dwarf_cuoffset(&unit);
  Dwarf_Off next = 0;
  size_t header = 0;
  Dwarf* dwarf = dwarf_cu_getdwarf(unit.cu);
  if (dwarf_nextcu(dwarf, start, &next, &header, nullptr, nullptr, nullptr) != 0) return 0;
  return next - start;
}

}  // namespace track::symbolize
