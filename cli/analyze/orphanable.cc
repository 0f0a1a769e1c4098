#include "cli/analyze/orphanable.h"

#include <algorithm>
#include <cstddef>

#include "cli/analyze/lost_fibers.h"

namespace track::analyze {

bool orphanable(const Coroutine& coroutine) {
  return coroutine.certainty >= FrameCertainty::structural &&
         (coroutine.state == TaskState::suspended || coroutine.state == TaskState::done);
}

bool still_there(const MemoryPicture& picture, const Coroutine& coroutine) {
  const auto region =
      std::upper_bound(picture.regions.begin(), picture.regions.end(), coroutine.address,
                       [](uint64_t address, const MemoryRegion& r) { return address < r.end(); });
  uint64_t head[2] = {};
  if (region == picture.regions.end() || coroutine.address < region->address ||
      coroutine.address + sizeof head > region->end())
    return true;
  std::copy_n(region->bytes.begin() + static_cast<ptrdiff_t>(coroutine.address - region->address),
              sizeof head, reinterpret_cast<std::byte*>(head));
  return head[0] == (coroutine.state == TaskState::done ? 0 : coroutine.resume) &&
         head[1] == coroutine.destroy;
}

bool any_orphan(const Trace& trace, const Marker& marker) {
  return std::any_of(trace.coroutines.begin(), trace.coroutines.end(),
                     [&](const Coroutine& coroutine) {
                       if (!orphanable(coroutine)) return false;
                       const Cell cell = marker.map().find(coroutine.address);
                       return cell != kNoCell && !marker.reached(cell);
                     }) ||
         !lost_fibers(trace, marker).empty();
}

}  // namespace track::analyze
