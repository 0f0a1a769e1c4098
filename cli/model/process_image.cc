#include "cli/model/process_image.h"

#include <algorithm>

namespace track {

const Mapping* ProcessImage::mapping_of(uint64_t address) const {
  const auto after =
      std::upper_bound(mappings.begin(), mappings.end(), address,
                       [](uint64_t value, const Mapping& m) { return value < m.start; });
  if (after == mappings.begin()) return nullptr;
  const Mapping& mapping = *std::prev(after);
  return address < mapping.end ? &mapping : nullptr;
}

const Module* ProcessImage::module_of(uint64_t address) const {
  for (const Module& module : modules)
    if (address >= module.start && address < module.end) return &module;
  return nullptr;
}

}  // namespace track
