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
  const auto after =
      std::upper_bound(modules.begin(), modules.end(), address,
                       [](uint64_t value, const Module& m) { return value < m.start; });
  if (after == modules.begin()) return nullptr;
  const Module& module = *std::prev(after);
  return address < module.end ? &module : nullptr;
}

}  // namespace track
