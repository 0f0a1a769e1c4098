// How many threads each stack created (wire/key_count.h).
#include <algorithm>

#include "cli/read/image.h"
#include "libtrack/wire/key_count.h"

namespace track::read {

void read_thread_origins(Image& image) {
  const SectionView& section = image.section(wire::SectionKind::thread_origins);
  const uint64_t entries = std::min<uint64_t>(section.capacity, wire::kThreadOrigins);
  std::vector<Copy<wire::KeyCount>> table(entries);
  if (entries == 0 ||
      !image.bytes().read(section.offset, table.data(), entries * sizeof(wire::KeyCount)))
    return;
  for (const Copy<wire::KeyCount>& entry : table) {
    const uint64_t key = entry->key.load(std::memory_order_relaxed);
    const uint64_t count = entry->count.load(std::memory_order_relaxed);
    if ((key & wire::kOriginUsed) == 0 || count == 0 || count > uint64_t{1} << 48) continue;
    image.trace().thread_origins.push_back({image.stack(static_cast<uint32_t>(key)), count});
  }
}

}  // namespace track::read
