// recording_runs.h: which pages of the recording hold anything.
#pragma once

#include <cstdint>

#include "libtrack/core/recording.h"
#include "libtrack/core/recording_copy.h"
#include "libtrack/wire/blocks.h"

namespace track::core {

// use(page, pages) for all pages but the blocks' that were ever reserved, those in a row at once,
// until it says false.
template <class Use>
bool each_reserved_run(Use use) {
  const uint64_t end = place_of(wire::SectionKind::blocks).offset >> 12;
  for (uint64_t first = next_reserved_page(0, end); first < end;) {
    uint64_t last = first;
    while (last < end && reserved_pages[last] != 0) ++last;
    if (!use(first, last - first)) return false;
    first = next_reserved_page(last, end);
  }
  return true;
}

template <class Use>
bool each_reserved_block_page(Use use) {
  const uint64_t pages = place_of(wire::SectionKind::blocks).offset >> 12;
  const auto* in_use =
      reinterpret_cast<uint8_t*>(recording.base + place_of(wire::SectionKind::block_pages).offset);
  const uint64_t leaves = entries_used<wire::BlockRegion>(wire::SectionKind::block_regions);
  for (uint64_t page = 0; page < leaves * wire::kRegionPages; ++page)
    if (in_use[page] == wire::kPageThere && !use(pages + page, uint64_t{1})) return false;
  return true;
}

}  // namespace track::core
