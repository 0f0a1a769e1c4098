#include "cli/symbolize/data_path.h"

#include <dwarf.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "cli/symbolize/dies.h"
#include "cli/symbolize/type_names.h"

namespace track::symbolize {
namespace {

constexpr uint64_t kWord = 8;
constexpr uint64_t kCounts = 16;  // before the object that std::make_shared makes
constexpr size_t kMostMembers = 1 << 12;

std::optional<Dwarf_Die> type_of(Dwarf_Die& die) {
  Dwarf_Attribute attribute;
  Dwarf_Die type;
  if (dwarf_attr_integrate(&die, DW_AT_type, &attribute) == nullptr ||
      dwarf_formref_die(&attribute, &type) == nullptr)
    return std::nullopt;
  return type;
}

// Without qualifiers and typedefs.
std::optional<Dwarf_Die> bare(std::optional<Dwarf_Die> type) {
  for (int hops = 0; type && hops < 32; ++hops) {
    const int tag = dwarf_tag(&*type);
    if (tag != DW_TAG_const_type && tag != DW_TAG_volatile_type && tag != DW_TAG_typedef &&
        tag != DW_TAG_atomic_type && tag != DW_TAG_restrict_type)
      return type;
    type = type_of(*type);
  }
  return std::nullopt;
}

// 0 = not known. Damaged qualifiers may lead in a circle, which only bare() sees.
uint64_t size_of(Dwarf_Die& type) {
  Dwarf_Word bytes = 0;
  std::optional<Dwarf_Die> own = bare(type);
  return own && dwarf_aggregate_size(&*own, &bytes) == 0 ? bytes : 0;
}

bool is_class(Dwarf_Die& type) {
  const int tag = dwarf_tag(&type);
  return tag == DW_TAG_structure_type || tag == DW_TAG_class_type;
}

bool is_pointer(Dwarf_Die& type) {
  const int tag = dwarf_tag(&type);
  return tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type ||
         tag == DW_TAG_rvalue_reference_type;
}

bool of_library(std::string_view name) {
  for (const std::string_view library : {"std::", "__gnu_cxx::", "boost::", "asio::"})
    if (name.starts_with(library)) return true;
  return false;
}

// What keeps memory of its own for what it contains.
bool owns_memory(std::string_view name) {
  for (const std::string_view owner :
       {"std::vector<", "std::deque<", "std::map<", "std::multimap<", "std::set<", "std::multiset<",
        "std::unordered_", "std::list<", "std::__cxx11::list<", "std::shared_ptr<",
        "std::unique_ptr<"})
    if (name.starts_with(owner)) return true;
  return false;
}

bool polymorphic(Dwarf_Die& type) {
  Dwarf_Attribute attribute;
  return dwarf_attr(&type, DW_AT_containing_type, &attribute) != nullptr;
}

// What glibc gives for that many bytes, as a rule: else the block holds something more.
bool fits(uint64_t block, uint64_t bytes) {
  return block >= bytes && block <= std::max<uint64_t>(24, (bytes + 8 + 15) / 16 * 16 - 8);
}

// Its template's type arguments.
std::vector<Dwarf_Die> type_arguments(Dwarf_Die type) {
  std::vector<Dwarf_Die> found;
  size_t budget = kMostMembers;
  for_each_child(type, budget, [&](Dwarf_Die& child) {
    if (dwarf_tag(&child) == DW_TAG_template_type_parameter)
      if (const auto argument = bare(type_of(child))) found.push_back(*argument);
    return true;
  });
  return found;
}

// What an allocator is for: GCC says that only of its base.
std::vector<Dwarf_Die> contents_of(Dwarf_Die allocator) {
  std::vector<Dwarf_Die> found = type_arguments(allocator);
  size_t budget = kMostMembers;
  if (found.empty())
    for_each_child(allocator, budget, [&](Dwarf_Die& child) {
      if (dwarf_tag(&child) != DW_TAG_inheritance) return true;
      if (const auto base = bare(type_of(child))) found = type_arguments(*base);
      return false;
    });
  return found;
}

// A word in an object of a type.
struct Place {
  std::optional<Dwarf_Die> type;       // of what is there
  std::optional<Dwarf_Die> container;  // the outermost class of a library that it is in
  std::optional<Dwarf_Die> owner;      // the innermost of those that say whose the memory is
  std::string owner_name;
  std::string member;
};

class Follower {
 public:
  explicit Follower(FunctionNames& names) : names_(names) {}

  std::vector<DataStep> follow(Dwarf_Die variable, uint64_t offset, bool last,
                               std::span<const DataHop> hops) {
    const auto type = type_of(variable);
    if (!type) return {};
    std::optional<Place> place = locate(*type, offset, last);
    if (!place) return {{tidy_type(names_.type_name(*type)), {}}};
    const auto shown = place->container ? place->container : place->type;
    steps_.push_back({tidy_type(names_.type_name(*shown)), place->member});
    for (const DataHop& hop : hops) {
      if (!place || last) break;
      last = hop.last;
      place = enter(*place, hop);
    }
    return std::move(steps_);
  }

 private:
  // The one member of the class or union that holds all these bytes.
  std::optional<Place> inside(Dwarf_Die type, uint64_t& offset, uint64_t bytes) {
    std::optional<Place> found;
    std::optional<Place> unsized;  // the last that starts before, of a class only declared here
    uint64_t start = 0, latest = 0;
    size_t candidates = 0, budget = kMostMembers;
    for_each_child(type, budget, [&](Dwarf_Die& child) {
      const int tag = dwarf_tag(&child);
      if (tag != DW_TAG_member && tag != DW_TAG_inheritance) return true;
      Dwarf_Attribute attribute;
      if (dwarf_attr(&child, DW_AT_data_bit_offset, &attribute) != nullptr ||
          dwarf_attr(&child, DW_AT_declaration, &attribute) != nullptr)
        return true;
      Dwarf_Word at = 0;
      if (dwarf_attr(&child, DW_AT_data_member_location, &attribute) != nullptr) {
        // A virtual base's place is in no constant.
        if (dwarf_formudata(&attribute, &at) != 0) return true;
      } else if (dwarf_tag(&type) != DW_TAG_union_type) {
        return true;
      }
      auto own = type_of(child);
      if (!own || offset < at) return true;
      const uint64_t size = size_of(*own);
      Place place{own, {}, {}, {}, {}};
      const char* name = tag == DW_TAG_member ? dwarf_diename(&child) : nullptr;
      if (name != nullptr) place.member = name;
      if (at >= latest) {
        latest = at;
        unsized = size == 0 && tag == DW_TAG_member ? std::optional(place) : std::nullopt;
      }
      if (offset + bytes > at + size) return true;
      ++candidates;
      start = at;
      found = std::move(place);
      return true;
    });
    if (candidates == 1) {
      offset -= start;
      return found;
    }
    if (candidates != 0 || !unsized || dwarf_tag(&type) == DW_TAG_union_type) return std::nullopt;
    offset -= latest;
    return unsized;
  }

  // last: whatever is there; else a pointer.
  std::optional<Place> locate(Dwarf_Die type, uint64_t offset, bool last) {
    Place place;
    place.type = type;
    for (int depth = 0; depth < 64; ++depth) {
      std::optional<Dwarf_Die> here = bare(place.type);
      if (!here) return std::nullopt;
      place.type = here;
      const int tag = dwarf_tag(&*here);
      if (is_pointer(*here)) return offset == 0 || last ? std::optional(place) : std::nullopt;
      if (tag == DW_TAG_array_type) {
        auto element = type_of(*here);
        const uint64_t bytes = element ? size_of(*element) : 0;
        if (bytes == 0 || offset >= size_of(*here)) return std::nullopt;
        if (!place.container) place.member += "[" + std::to_string(offset / bytes) + "]";
        offset %= bytes;
        place.type = element;
        continue;
      }
      if (!is_class(*here) && tag != DW_TAG_union_type)
        return last ? std::optional(place) : std::nullopt;
      std::string name = names_.type_name(*here);
      if (!place.container && of_library(name)) place.container = here;
      if (owns_memory(name)) {
        place.owner = here;
        place.owner_name = std::move(name);
      }
      if (last && place.container) return place;
      // A lock's word may be the fourth of its bytes; a pointer has eight.
      std::optional<Place> next = inside(*here, offset, last ? 4 : kWord);
      if (!next) return last && depth != 0 ? std::optional(place) : std::nullopt;
      if (!place.container && !next->member.empty())
        place.member += (place.member.empty() ? "" : ".") + next->member;
      place.type = next->type;
    }
    return std::nullopt;
  }

  void add(std::string type, std::string member = {}) {
    steps_.push_back({std::move(type), std::move(member)});
  }

  // From a pointer at `from` into the block; what leads on from there, if that is known.
  std::optional<Place> enter(const Place& from, const DataHop& hop) {
    const auto pointee = bare(type_of(*const_cast<Dwarf_Die*>(&*from.type)));
    if (!pointee || hop.into == kNoOffset) return std::nullopt;
    Dwarf_Die type = *pointee;
    const std::string name = names_.type_name(type);
    if (const auto node = node_of(name); node != 0) return enter_node(from, hop, node);
    if (name.starts_with("std::_Sp_counted_base<")) return enter_shared(from, hop);
    const uint64_t bytes = size_of(type);
    if (name.empty() || bytes == 0 || hop.into + bytes > hop.bytes) return std::nullopt;
    const std::string tidy = tidy_type(name);
    if (hop.shared && hop.into == kCounts && hop.at_head == tidy) {
      return leave(type, tidy, hop, kCounts, bytes);
    }
    if (hop.into != 0 || hop.shared) return std::nullopt;
    if (from.owner_name.starts_with("std::vector<") || from.owner_name.starts_with("std::deque<")) {
      add(tidy + "[]");
      if (hop.offset == kNoOffset) return std::nullopt;
      auto place = locate(type, hop.offset % bytes, hop.last);
      if (place) steps_.back().member = place->member;
      return place;
    }
    // A class that is derived from the declared one has more bytes; its table says which it is.
    if (polymorphic(type)) return leave(type, hop.at_head, hop, 0, bytes);
    return leave(type, fits(hop.bytes, bytes) ? tidy : "", hop, 0, bytes);
  }

  // Out of an object of that type, which begins at `start` of the block.
  std::optional<Place> leave(Dwarf_Die type, const std::string& name, const DataHop& hop,
                             uint64_t start, uint64_t bytes) {
    add(name);
    if (hop.offset == kNoOffset || hop.offset < start || hop.offset - start >= bytes)
      return std::nullopt;
    auto place = locate(type, hop.offset - start, hop.last);
    if (place && !name.empty()) steps_.back().member = place->member;
    return place;
  }

  // Where the value stands in nodes that only their base class points to; 0 = it is none.
  static uint64_t node_of(std::string_view base) {
    if (base == "std::_Rb_tree_node_base") return 32;
    if (base == "std::__detail::_List_node_base") return 16;
    if (base == "std::__detail::_Hash_node_base") return 8;
    return 0;
  }

  std::optional<Place> enter_node(const Place& from, const DataHop& hop, uint64_t value_at) {
    if (!from.owner || hop.into != 0) return std::nullopt;
    // The last argument of each such container is its allocator, of what it contains.
    const std::vector<Dwarf_Die> arguments = type_arguments(*from.owner);
    if (arguments.empty()) return std::nullopt;
    Dwarf_Die allocator = arguments.back();
    const char* allocator_name = dwarf_diename(&allocator);
    const std::vector<Dwarf_Die> values = contents_of(allocator);
    if (allocator_name == nullptr || !std::string_view(allocator_name).starts_with("allocator<") ||
        values.size() != 1)
      return std::nullopt;
    Dwarf_Die value = values.front();
    const uint64_t bytes = size_of(value);
    if (bytes == 0 || value_at + bytes > hop.bytes) return std::nullopt;
    add("node of " + tidy_type(from.owner_name));
    if (hop.offset == kNoOffset || hop.offset % kWord != 0) return std::nullopt;
    if (hop.offset < value_at) return from;  // to the next node
    if (hop.offset - value_at >= bytes) return std::nullopt;
    auto place = locate(value, hop.offset - value_at, hop.last);
    if (place) steps_.back().member = place->member;
    return place;
  }

  // By the counts of a std::shared_ptr: the object behind them is the block's own business.
  std::optional<Place> enter_shared(const Place& from, const DataHop& hop) {
    if (hop.into != 0 || !hop.shared || hop.at_head.empty()) return std::nullopt;
    if (from.owner) {
      std::vector<Dwarf_Die> arguments = type_arguments(*from.owner);
      if (from.owner_name.starts_with("std::shared_ptr<") && arguments.size() == 1 &&
          tidy_type(names_.type_name(arguments.front())) == hop.at_head) {
        Dwarf_Die object = arguments.front();
        return leave(object, hop.at_head, hop, kCounts, size_of(object));
      }
    }
    add(hop.at_head);
    return std::nullopt;
  }

  FunctionNames& names_;
  std::vector<DataStep> steps_;
};

}  // namespace

std::vector<DataStep> follow(Dwarf_Die variable, uint64_t offset, bool last,
                             std::span<const DataHop> hops, FunctionNames& names) {
  return Follower(names).follow(variable, offset, last, hops);
}

}  // namespace track::symbolize
