// The coroutine table: blocks that hold, or may hold, a frame. What their memory says comes later,
// from process/.
#include <algorithm>

#include "cli/read/image.h"

namespace track::read {
namespace {

using wire::CoroutineSlot;

constexpr uint64_t kMostCoroutines = uint64_t{16} << 20;
constexpr uint64_t kChunk = 8192;  // slots a read
constexpr uint64_t kLookedAt = 1;  // low bit of an address: the tracker looks at it just now

std::vector<Copy<wire::Site>> read_sites(Image& image) {
  const SectionView& section = image.section(wire::SectionKind::sites);
  std::vector<Copy<wire::Site>> sites(std::min<uint64_t>(section.capacity, 1 << 16));
  if (!image.bytes().read(section.offset, sites.data(), sites.size() * sizeof(wire::Site)))
    sites.clear();
  return sites;
}

Coroutine to_coroutine(Image& image, const CoroutineSlot& slot, uint64_t address, uint64_t id,
                       const std::vector<Copy<wire::Site>>& sites) {
  Coroutine coroutine;
  coroutine.id = id;
  coroutine.address = address & ~kLookedAt;
  coroutine.size_bytes = slot.size_bytes;
  coroutine.creator = slot.creator;
  coroutine.created_ticks = slot.created_ticks;
  coroutine.created_ns = image.to_ns(slot.created_ticks);
  coroutine.labels = image.labels(slot.site >> wire::kSiteLabelShift & wire::kSiteLabelMask);
  coroutine.created_at = image.stack(slot.stack, coroutine.labels);
  coroutine.frame_seen = (slot.site & wire::kFrameSeen) != 0;
  const uint32_t index = slot.site & wire::kSiteMask;
  if (index < sites.size()) {
    const wire::Site& site = *sites[index];
    coroutine.site = site.return_address.load(std::memory_order_relaxed);
    coroutine.site_mixed = site.state.load(std::memory_order_relaxed) != wire::SiteState::coroutine;
    coroutine.resume = site.resume.load(std::memory_order_relaxed);
    coroutine.destroy = site.destroy.load(std::memory_order_relaxed);
  }
  coroutine.state = TaskState::unknown;
  return coroutine;
}

}  // namespace

void read_coroutines(Image& image) {
  const SectionView& section = image.section(wire::SectionKind::coroutines);
  const auto sites = read_sites(image);
  std::vector<Copy<CoroutineSlot>> slots(kChunk);
  std::vector<Coroutine>& result = image.trace().coroutines;
  uint64_t unreadable = 0;
  for (uint64_t start = 0; start < section.used; start += kChunk) {
    const uint64_t n = std::min(kChunk, section.used - start);
    if (!image.bytes().read(section.offset + start * sizeof(CoroutineSlot), slots.data(),
                            n * sizeof(CoroutineSlot))) {
      unreadable += n;
      continue;
    }
    for (uint64_t i = 0; i < n; ++i) {
      const uint64_t address = slots[i]->address.load(std::memory_order_relaxed);
      if (address <= kLookedAt) continue;
      if (result.size() >= kMostCoroutines) {
        image.warn("more coroutines than can be shown; the rest is left out");
        return;
      }
      result.push_back(to_coroutine(image, *slots[i], address, start + i + 1, sites));
    }
  }
  if (unreadable != 0)
    image.warn(std::to_string(unreadable) + " coroutine entries could not be read");
}

}  // namespace track::read
