// The memory that a process may have written, for marking: copied, or looked at where a copy lies
// already. Pages that the process never touched are neither read nor created: they hold no
// reference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/model/memory.h"
#include "cli/model/process_image.h"
#include "cli/process/room.h"

namespace track::process {

class MemoryCopy {
 public:
  MemoryCopy() = default;
  // leave_out: what is not to be copied, sorted. Throws Error when this machine has too little
  // memory for a copy.
  MemoryCopy(const ProcessImage& image, std::span<const AddressRange> leave_out);
  MemoryCopy(MemoryCopy&&) = default;
  MemoryCopy& operator=(MemoryCopy&&) = default;

  const std::vector<MemoryRegion>& regions() const { return regions_; }  // sorted
  uint64_t bytes() const { return bytes_; }
  uint64_t unreadable_bytes() const { return unreadable_; }  // present, but could not be copied

 private:
  void look(const ProcessImage& image, uint64_t start, uint64_t end);
  void copy(const ProcessImage& image, uint64_t start, uint64_t end, std::byte* to);

  Room room_;
  std::vector<MemoryRegion> regions_;
  uint64_t bytes_ = 0, unreadable_ = 0;
};

}  // namespace track::process
