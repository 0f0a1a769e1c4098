#include "cli/process/hidden_references.h"

#include <algorithm>

#include "cli/process/memory_kinds.h"
#include "cli/process/named_functions.h"

namespace track::process {
namespace {

// Is all of it in memory that was searched, as far as it was ever written?
bool is_searched(const ProcessImage& image, const AddressRange& root) {
  uint64_t at = root.start;
  while (at < root.end) {
    const Mapping* mapping = image.mapping_of(at);
    if (mapping == nullptr || keeps(*mapping) == Keeps::nothing) return false;
    at = mapping->end;
  }
  return true;
}

// In order, and apart.
std::vector<AddressRange> merged(std::vector<AddressRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const AddressRange& a, const AddressRange& b) { return a.start < b.start; });
  std::vector<AddressRange> apart;
  for (const AddressRange& range : ranges)
    if (!apart.empty() && range.start <= apart.back().end)
      apart.back().end = std::max(apart.back().end, range.end);
    else
      apart.push_back(range);
  return apart;
}

void add_doubt_of_unheard(const ProcessImage& image, MemoryPicture& picture) {
  constexpr std::string_view kSay[] = {"track_abi_root_add", "track_abi_kernel_holds"};
  for (const auto& [name, module] : named_functions(image, kSay)) {
    picture.doubts.push_back(
        "references that no scan finds may have been declared where nobody "
        "noted it down: " +
        module + " names " + std::string(name));
    return;
  }
}

}  // namespace

void add_hidden_references(const ProcessImage& image, const HiddenReferences* hidden,
                           bool only_later, MemoryPicture& picture) {
  if (hidden == nullptr || only_later) add_doubt_of_unheard(image, picture);
  if (hidden == nullptr) return;
  if (hidden->lost != 0)
    picture.doubts.push_back(
        std::to_string(hidden->lost) +
        " declared roots or held pointers (track_root_add, track_kernel_holds) found no room");
  for (const uint64_t held : hidden->held) picture.declared_words.push_back(held);
  bool searched = true;
  picture.declared_roots = merged(hidden->roots);
  for (const AddressRange& root : hidden->roots) {
    // The block that it lies in, too.
    picture.declared_words.push_back(root.start);
    searched = searched && is_searched(image, root);
  }
  if (!searched)
    picture.doubts.emplace_back(
        "a root that the program declared (track_root_add) lies in memory that cannot be read");
}

}  // namespace track::process
