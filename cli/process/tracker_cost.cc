#include "cli/process/tracker_cost.h"

#include <vector>

#include "cli/process/memory.h"
#include "cli/process/pages.h"

namespace track::process {
namespace {

constexpr size_t kMostArenas = 100'000;  // a damaged list must end
constexpr uint64_t kMostBytes = uint64_t{1} << 40;

bool add_resident(const PageTable& pages, uint64_t start, uint64_t bytes, uint64_t& to) {
  std::vector<AddressRange> ranges;
  if (!pages.find(start, start + bytes, PageTable::Which::existing, ranges)) return false;
  for (const AddressRange& range : ranges) to += range.end - range.start;
  return true;
}

}  // namespace

std::optional<TrackerCost> tracker_cost(pid_t pid, const TrackerPlace& tracker) {
  const Memory memory(pid);
  const PageTable pages(pid);
  TrackerCost cost;
  cost.recording_bytes = tracker.recording_bytes;
  if (tracker.recording_bytes > kMostBytes ||
      !add_resident(pages, tracker.recording, tracker.recording_bytes,
                    cost.recording_resident_bytes))
    return std::nullopt;
  struct {
    uint64_t older, bytes;
  } arena{};
  uint64_t at = 0;
  if (!memory.read(tracker.arenas, &at, sizeof at)) return std::nullopt;
  for (size_t n = 0; at != 0 && n < kMostArenas; ++n, at = arena.older) {
    if (!memory.read(at, &arena, sizeof arena) || arena.bytes > kMostBytes) return std::nullopt;
    const uint64_t bytes = (arena.bytes + 4095) & ~uint64_t{4095};
    cost.own_bytes += bytes;
    if (!add_resident(pages, at, bytes, cost.own_resident_bytes)) return std::nullopt;
  }
  return cost;
}

}  // namespace track::process
