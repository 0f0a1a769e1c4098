// Words out of copied memory, by the addresses they had.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>

#include "cli/model/memory.h"

namespace track::process {

class RegionReader {
 public:
  // regions: sorted by address.
  explicit RegionReader(std::span<const MemoryRegion> regions) : regions_(regions) {}

  const MemoryRegion* region_of(uint64_t address) const {
    if (last_ < regions_.size() && address - regions_[last_].address < regions_[last_].bytes.size())
      return &regions_[last_];
    const auto after = std::upper_bound(
        regions_.begin(), regions_.end(), address,
        [](uint64_t value, const MemoryRegion& region) { return value < region.address; });
    if (after == regions_.begin()) return nullptr;
    last_ = static_cast<size_t>(after - regions_.begin()) - 1;
    return address < regions_[last_].end() ? &regions_[last_] : nullptr;
  }
  // The first that ends above an address; null = none.
  const MemoryRegion* first_above(uint64_t address) const {
    const auto after = std::upper_bound(
        regions_.begin(), regions_.end(), address,
        [](uint64_t value, const MemoryRegion& region) { return value < region.address; });
    if (after != regions_.begin() && std::prev(after)->end() > address) return &*std::prev(after);
    return after == regions_.end() ? nullptr : &*after;
  }
  // The last that begins below an address; null = none.
  const MemoryRegion* last_below(uint64_t address) const {
    const auto after = std::lower_bound(
        regions_.begin(), regions_.end(), address,
        [](const MemoryRegion& region, uint64_t value) { return region.address < value; });
    return after == regions_.begin() ? nullptr : &*std::prev(after);
  }
  bool read(uint64_t address, void* to, size_t bytes) const {
    const MemoryRegion* region = region_of(address);
    if (region == nullptr || region->end() - address < bytes) return false;
    std::memcpy(to, region->bytes.data() + (address - region->address), bytes);
    return true;
  }
  // 0 when it was not copied.
  uint64_t word(uint64_t address) const {
    uint64_t value = 0;
    return read(address, &value, sizeof value) ? value : 0;
  }
  uint32_t half(uint64_t address) const {
    uint32_t value = 0;
    return read(address, &value, sizeof value) ? value : 0;
  }

 private:
  std::span<const MemoryRegion> regions_;
  mutable size_t last_ = 0;
};

}  // namespace track::process
