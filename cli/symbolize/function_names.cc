#include "cli/symbolize/function_names.h"

#include <dwarf.h>

#include "cli/symbolize/demangle.h"
#include "cli/symbolize/dies.h"

namespace track::symbolize {
namespace {

bool language_has_scopes(Dwarf_Die& unit) {
  const int language = dwarf_srclang(&unit);
  return language != DW_LANG_C89 && language != DW_LANG_C && language != DW_LANG_C99 &&
         language != DW_LANG_C11 && language != DW_LANG_Mips_Assembler;
}

}  // namespace

const FunctionName& FunctionNames::of(Dwarf_Die& die) {
  // Every inlined copy of a function has its own entry; what they share is the origin.
  const void* key = die.addr;
  Dwarf_Attribute link;
  Dwarf_Die origin;
  if (!dwarf_hasattr(&die, DW_AT_linkage_name) && dwarf_attr(&die, DW_AT_abstract_origin, &link) &&
      dwarf_formref_die(&link, &origin)) {
    key = origin.addr;
  }
  const auto [at, added] = names_.try_emplace(key);
  if (added) at->second = work_out(die);
  return at->second;
}

FunctionName FunctionNames::work_out(Dwarf_Die& die) {
  FunctionName name;
  const char* linkage = text_of(die, DW_AT_linkage_name);
  if (!linkage) linkage = text_of(die, DW_AT_MIPS_linkage_name);
  if (linkage) {
    name.linkage = linkage;
    name.plain = demangle(linkage);
  } else if (const char* plain = text_of(die, DW_AT_name)) {
    // GCC gives functions of internal linkage no linkage name.
    name.plain = scope_of(declaration_of(die)) + plain;
  }
  return name;
}

std::string FunctionNames::type_name(Dwarf_Die type) {
  std::string suffix;
  for (int hops = 0; hops < 16; ++hops) {
    const int tag = dwarf_tag(&type);
    if (tag == DW_TAG_pointer_type) suffix.insert(0, "*");
    if (tag == DW_TAG_reference_type) suffix.insert(0, "&");
    if (tag == DW_TAG_rvalue_reference_type) suffix.insert(0, "&&");
    if (const char* name = text_of(type, DW_AT_name))
      return scope_of(declaration_of(type)) + name + suffix;
    Dwarf_Attribute attribute;
    Dwarf_Die next;
    if (!dwarf_attr_integrate(&type, DW_AT_type, &attribute) ||
        !dwarf_formref_die(&attribute, &next))
      break;
    type = next;
  }
  return {};
}

std::string FunctionNames::scope_of(Dwarf_Die declaration) {
  std::unique_ptr<Scopes>& scopes = scopes_[declaration.cu];
  if (!scopes) {
    Dwarf_Die unit;
    if (!dwarf_diecu(&declaration, &unit, nullptr, nullptr)) return {};
    if (!language_has_scopes(unit)) return {};
    scopes = std::make_unique<Scopes>(unit);
  }
  return scopes->prefix_of(declaration);
}

}  // namespace track::symbolize
