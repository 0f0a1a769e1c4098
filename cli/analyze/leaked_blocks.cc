#include "cli/analyze/leaked_blocks.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

namespace track::analyze {
namespace {

// Stacks and variables of threads are blocks of marking, and nobody's to free.
std::vector<Cell> not_of_the_heap(const MemoryPicture& picture, const Marker& marker) {
  std::vector<Cell> cells;
  for (const ThreadMemory& thread : picture.threads)
    for (const AddressRange& range : {thread.stack, thread.control}) {
      if (!thread.own || range.start >= range.end) continue;
      const Cell cell = marker.map().find(range.start);
      if (cell != kNoCell && !marker.reached(cell)) cells.push_back(cell);
    }
  return cells;
}

// What the recording knows of a block; of two that share 16 bytes, the first.
const RecordedBlock* recorded_at(const MemoryPicture& picture, const MemoryBlock& block) {
  const auto at = std::lower_bound(
      picture.recorded.begin(), picture.recorded.end(), block.address,
      [](const RecordedBlock& recorded, uint64_t address) { return recorded.address < address; });
  return at != picture.recorded.end() && at->address - block.address < 16 ? &*at : nullptr;
}

}  // namespace

std::vector<LeakedBlocks> leaked_blocks(const Trace& trace, const MemoryPicture& picture,
                                        Marker& marker, size_t most, uint64_t& unrecorded) {
  const std::vector<Cell> own = not_of_the_heap(picture, marker);
  for (const Cell cell : own) marker.exclude(cell);
  std::map<std::array<uint64_t, 3>, LeakedBlocks> groups;
  for (const Marker::Loose& loose : marker.loose()) {
    const MemoryBlock& block = marker.map().at(loose.cell);
    const RecordedBlock* recorded = recorded_at(picture, block);
    if (picture.recorded_kept && recorded == nullptr) {
      ++unrecorded;
      continue;
    }
    uint64_t first = 0;
    if (const auto bytes = marker.bytes_of(loose.cell); bytes.size() >= sizeof first)
      std::memcpy(&first, bytes.data(), sizeof first);
    const bool typed = std::any_of(
        trace.modules.begin(), trace.modules.end(),
        [&](const Module& module) { return first >= module.start && first < module.end; });
    const uint64_t kind = typed ? first : 0;
    const uint64_t bytes = recorded != nullptr ? recorded->bytes : block.bytes;
    const uint64_t stack = recorded != nullptr ? recorded->stack : 0;
    LeakedBlocks& group = groups[stack != 0 ? std::array<uint64_t, 3>{stack, 0, 0}
                                            : std::array<uint64_t, 3>{0, bytes, kind}];
    if (group.count++ == 0) {
      group.sample = block.address;
      group.bytes = bytes;
      group.kind = kind;
      group.stack = static_cast<uint32_t>(stack);
    }
    if (group.bytes != bytes) group.bytes = 0;
    if (group.kind != kind) group.kind = 0;
    group.total_bytes += bytes;
    group.indirect_count += loose.count;
    group.indirect_bytes += loose.bytes;
  }
  std::vector<LeakedBlocks> leaked;
  leaked.reserve(groups.size());
  for (const auto& [key, group] : groups) leaked.push_back(group);
  std::stable_sort(leaked.begin(), leaked.end(), [](const LeakedBlocks& a, const LeakedBlocks& b) {
    return a.total_bytes + a.indirect_bytes > b.total_bytes + b.indirect_bytes;
  });
  if (leaked.size() > most) leaked.resize(most);
  for (const Cell cell : own) marker.include(cell);
  return leaked;
}

void count_unreached(const Marker& marker, Fixpoint& fixpoint) {
  for (Cell cell = 0; cell < marker.map().cells(); ++cell)
    if (!marker.reached(cell)) {
      ++fixpoint.unreached_blocks;
      fixpoint.unreached_bytes += marker.map().at(cell).bytes;
    }
}

}  // namespace track::analyze
