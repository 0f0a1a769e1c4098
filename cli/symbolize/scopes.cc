#include "cli/symbolize/scopes.h"

#include <dwarf.h>

#include "cli/symbolize/demangle.h"
#include "cli/symbolize/dies.h"

namespace track::symbolize {
namespace {

bool is_scope(int tag) {
  return tag == DW_TAG_namespace || tag == DW_TAG_class_type || tag == DW_TAG_structure_type ||
         tag == DW_TAG_union_type || tag == DW_TAG_subprogram;
}

// What stands before the name of an entry that lies directly in `scope`; `outer` stands before
// the scope's own name.
std::string prefix_in(Dwarf_Die scope, const std::string& outer) {
  const int tag = dwarf_tag(&scope);
  if (tag == DW_TAG_subprogram) {
    // A member function's body lies outside its class; its linkage name has it all.
    if (const char* linkage = text_of(scope, DW_AT_linkage_name)) return demangle(linkage) + "::";
  }
  if (const char* name = text_of(scope, DW_AT_name)) return outer + name + "::";
  return outer + (tag == DW_TAG_namespace ? "(anonymous namespace)::" : "(anonymous)::");
}

}  // namespace

Scopes::Scopes(Dwarf_Die& unit) {
  size_t budget = walk_budget(unit);
  index_children(unit, kTop, UINT64_MAX, 0, budget);
  by_offset_.seal();
}

// Entries are stored parent first, so a scope ends where its next sibling begins, and the last
// one where its parent does.
void Scopes::index_children(Dwarf_Die& parent, uint32_t parent_scope, uint64_t end, int depth,
                            size_t& budget) {
  if (depth > kMaxDepth) return;
  uint32_t open = kTop;
  uint64_t open_start = 0;
  const auto close = [&](uint64_t at) {
    if (open == kTop) return;
    by_offset_.add(open_start, at, open);
    Dwarf_Die die = scopes_[open].die;
    if (dwarf_tag(&die) == DW_TAG_namespace) index_children(die, open, at, depth + 1, budget);
    open = kTop;
  };
  for_each_child(parent, budget, [&](Dwarf_Die& child) {
    const uint64_t offset = dwarf_dieoffset(&child);
    close(offset);
    if (is_scope(dwarf_tag(&child)) && dwarf_haschildren(&child) == 1) {
      open = static_cast<uint32_t>(scopes_.size());
      open_start = offset;
      scopes_.push_back({child, parent_scope});
    }
    return true;
  });
  close(end);
}

std::string Scopes::prefix_of_scope(uint32_t scope, int depth) const {
  if (scope == kTop || depth > kMaxDepth) return {};
  return prefix_in(scopes_[scope].die, prefix_of_scope(scopes_[scope].parent, depth + 1));
}

std::string Scopes::prefix_of(Dwarf_Die& die) const {
  const uint64_t wanted = dwarf_dieoffset(&die);
  const uint32_t* found = by_offset_.find(wanted);
  if (!found) return {};
  Dwarf_Die at = scopes_[*found].die;
  if (dwarf_dieoffset(&at) == wanted) return prefix_of_scope(scopes_[*found].parent, 0);
  std::string prefix = prefix_of_scope(*found, 0);
  // Inside a class or function: the child that holds it is the last one not after it.
  size_t budget = 1 << 20;
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    Dwarf_Die holder{};
    for_each_child(at, budget, [&](Dwarf_Die& child) {
      if (dwarf_dieoffset(&child) > wanted) return false;
      holder = child;
      return true;
    });
    if (!holder.addr || dwarf_dieoffset(&holder) == wanted) break;
    if (is_scope(dwarf_tag(&holder))) prefix = prefix_in(holder, prefix);
    at = holder;
  }
  return prefix;
}

}  // namespace track::symbolize
