#include "cli/symbolize/coroutine_frame.h"

#include <dwarf.h>

#include <charconv>
#include <cstring>
#include <string_view>

#include "cli/symbolize/dies.h"

namespace track::symbolize {
namespace {

constexpr unsigned kSuspendIndexAttribute = 0x3e12;  // DW_AT_LLVM_coro_suspend_idx

std::optional<Dwarf_Die> type_of(Dwarf_Die& die) {
  Dwarf_Attribute attribute;
  Dwarf_Die type;
  if (!dwarf_attr_integrate(&die, DW_AT_type, &attribute) || !dwarf_formref_die(&attribute, &type))
    return std::nullopt;
  return type;
}

// Without qualifiers, typedefs and pointers.
std::optional<Dwarf_Die> bare_type_of(Dwarf_Die& die) {
  std::optional<Dwarf_Die> type = type_of(die);
  for (int hops = 0; type && hops < 16; ++hops) {
    const int tag = dwarf_tag(&*type);
    if (tag != DW_TAG_const_type && tag != DW_TAG_volatile_type && tag != DW_TAG_typedef &&
        tag != DW_TAG_pointer_type)
      break;
    type = type_of(*type);
  }
  return type;
}

uint32_t bytes_of(Dwarf_Die& type) {
  Dwarf_Word bytes = 0;
  return dwarf_aggregate_size(&type, &bytes) == 0 ? static_cast<uint32_t>(bytes) : 0;
}

std::optional<uint64_t> number(Dwarf_Die& die, unsigned attribute) {
  Dwarf_Attribute found;
  Dwarf_Word value = 0;
  if (!dwarf_attr_integrate(&die, attribute, &found) || dwarf_formudata(&found, &value) != 0)
    return std::nullopt;
  return value;
}

bool is_frame_type(Dwarf_Die& type) {
  if (dwarf_tag(&type) != DW_TAG_structure_type) return false;
  const char* name = dwarf_diename(&type);
  if (name == nullptr) return false;
  const std::string_view view(name);
  return view.ends_with(".Frame") || view.ends_with(".coro_frame_ty");
}

Start start_of(Dwarf_Die promise, int depth) {
  Start start = Start::unknown;
  size_t budget = 1 << 12;
  for_each_child(promise, budget, [&](Dwarf_Die& child) {
    const char* name = dwarf_diename(&child);
    const int tag = dwarf_tag(&child);
    std::optional<Dwarf_Die> type;
    if (tag == DW_TAG_inheritance && depth < 8) {
      type = bare_type_of(child);
      if (type) start = start_of(*type, depth + 1);
    } else if (tag == DW_TAG_subprogram && name != nullptr &&
               std::strcmp(name, "initial_suspend") == 0) {
      type = bare_type_of(child);
      const char* result = type ? dwarf_diename(&*type) : nullptr;
      if (result != nullptr && std::strcmp(result, "suspend_always") == 0) start = Start::lazy;
      if (result != nullptr && std::strcmp(result, "suspend_never") == 0) start = Start::eager;
      return false;
    }
    return true;
  });
  return start;
}

void set_promise(Dwarf_Die type, FunctionNames& names, FrameLayout& layout) {
  for (int hops = 0; dwarf_tag(&type) == DW_TAG_typedef && hops < 16; ++hops) {
    const std::optional<Dwarf_Die> next = type_of(type);
    if (!next) break;
    type = *next;
  }
  layout.promise_type = names.type_name(type);
  layout.promise_bytes = bytes_of(type);
  layout.start = start_of(type, 0);
}

void add_member(Dwarf_Die& member, FunctionNames& names, FrameLayout& layout) {
  const char* text = dwarf_diename(&member);
  const auto offset = number(member, DW_AT_data_member_location);
  std::optional<Dwarf_Die> type = type_of(member);
  if (text == nullptr || !offset || !type) return;
  const std::string_view name(text);
  const auto at = static_cast<uint32_t>(*offset);
  const uint32_t bytes = bytes_of(*type);
  if (name == "_Coro_resume_index" || name == "__coro_index") {
    if (bytes >= 1 && bytes <= 4) layout.index = FrameField{at, static_cast<uint8_t>(bytes)};
  } else if (name == "_Coro_promise" || name == "__promise") {
    layout.promise_offset = at;
    set_promise(*type, names, layout);
  } else if (name == "_Coro_self_handle") {
    layout.self_offset = at;
  } else if (!name.starts_with("_Coro_") && name != "__resume_fn" && name != "__destroy_fn") {
    layout.members.push_back({std::string(name), names.type_name(*type), at, bytes});
  }
}

void read_frame_type(Dwarf_Die& type, FunctionNames& names, FrameLayout& layout) {
  layout.frame_bytes = bytes_of(type);
  size_t budget = 1 << 16;
  for_each_child(type, budget, [&](Dwarf_Die& child) {
    if (dwarf_tag(&child) == DW_TAG_member) add_member(child, names, layout);
    return true;
  });
}

void add_label(Dwarf_Die& label, FrameLayout& layout) {
  const char* name = dwarf_diename(&label);
  if (name == nullptr || std::strncmp(name, "__coro_resume_", 14) != 0) return;
  std::optional<uint64_t> index = number(label, kSuspendIndexAttribute);
  if (!index) {
    uint64_t value = 0;
    const char* end = name + std::strlen(name);
    if (std::from_chars(name + 14, end, value).ptr == end) index = value;
  }
  int line = 0;
  const char* file = dwarf_decl_file(&label);
  if (!index || file == nullptr || dwarf_decl_line(&label, &line) != 0 || line <= 0) return;
  layout.labels[*index] = {file, static_cast<uint32_t>(line)};
}

void read_scope(Dwarf_Die& scope, FunctionNames& names, FrameLayout& layout, int depth,
                size_t& budget) {
  if (depth > kMaxDepth) return;
  for_each_child(scope, budget, [&](Dwarf_Die& child) {
    const int tag = dwarf_tag(&child);
    if (tag == DW_TAG_label) add_label(child, layout);
    if (tag == DW_TAG_lexical_block) read_scope(child, names, layout, depth + 1, budget);
    if (tag != DW_TAG_variable && tag != DW_TAG_formal_parameter) return true;
    std::optional<Dwarf_Die> type = bare_type_of(child);
    if (!type) return true;
    if (is_frame_type(*type)) {
      if (layout.frame_bytes == 0) read_frame_type(*type, names, layout);
      return true;
    }
    const char* name = text_of(child, DW_AT_name);
    if (layout.promise_type.empty() && name != nullptr && std::strcmp(name, "__promise") == 0)
      set_promise(*type, names, layout);
    return true;
  });
}

}  // namespace

FrameLayout frame_layout(Dwarf_Die function, FunctionNames& names) {
  FrameLayout layout;
  size_t budget = 1 << 16;
  if (int line = 0; dwarf_decl_line(&function, &line) == 0 && line > 0)
    layout.declared_line = static_cast<uint32_t>(line);
  read_scope(function, names, layout, 0, budget);
  return layout;
}

}  // namespace track::symbolize
