#include "cli/analyze/orphanable.h"

#include <algorithm>
#include <cstddef>

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

}  // namespace track::analyze
