#include "cli/process/function_extent.h"

#include <algorithm>

#include "cli/process/loaded_elf.h"

namespace track::process {

FunctionExtent function_extent(const ImageMemory& memory, const std::vector<Module>& modules,
                               uint64_t address) {
  constexpr uint32_t kHead = 0x3b031b01;  // version 1, and the encodings that all linkers write
  const auto module = std::find_if(modules.begin(), modules.end(), [&](const Module& m) {
    return address >= m.start && address < m.end;
  });
  if (module == modules.end()) return {};
  const auto elf = loaded_elf(memory, module->start);
  uint32_t head[3] = {};
  if (!elf || elf->eh_frame_hdr == 0 ||
      memory.read_some(elf->eh_frame_hdr, head, sizeof head) != sizeof head || head[0] != kHead ||
      uint64_t{head[2]} * 8 + sizeof head > elf->eh_frame_hdr_bytes)
    return {};
  uint32_t low = 0, high = head[2];
  FunctionExtent extent;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    int32_t entry = 0;
    if (memory.read_some(elf->eh_frame_hdr + sizeof head + uint64_t{middle} * 8, &entry,
                         sizeof entry) != sizeof entry)
      return {};
    const uint64_t start = elf->eh_frame_hdr + static_cast<uint64_t>(int64_t{entry});
    if (start > address) {
      extent.end = start;
      high = middle;
    } else {
      extent.start = start;
      low = middle + 1;
    }
  }
  return extent;
}

}  // namespace track::process
