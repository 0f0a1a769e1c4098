#include "cli/process/memory_copy.h"

#include <algorithm>

#include "cli/process/copied_memory.h"
#include "cli/process/memory_kinds.h"
#include "cli/process/pages.h"

namespace track::process {
namespace {

constexpr uint64_t kPage = 4096;

// A core does not say which private pages were written; what it holds of the rest is no code.
bool may_hold_references(const ProcessImage& image, const Mapping& mapping) {
  return image.core ? keeps(mapping) != Keeps::nothing && !mapping.executable
                    : keeps(mapping) != Keeps::nothing;
}

// The existing pages of [start, end); all of it when that cannot be told.
std::vector<AddressRange> existing(const PageTable& pages, const Mapping& mapping, uint64_t start,
                                   uint64_t end) {
  std::vector<AddressRange> found;
  const auto which =
      keeps(mapping) == Keeps::written ? PageTable::Which::written : PageTable::Which::existing;
  if (!pages.find(start, end, which, found) && which == PageTable::Which::existing &&
      end - start <= kLargestSearched)
    found = {{start, end}};
  return found;
}

}  // namespace

MemoryCopy::MemoryCopy(const ProcessImage& image, std::span<const AddressRange> leave_out) {
  const PageTable pages(image.core ? 0 : image.pid);
  std::vector<AddressRange> runs;
  for (const Mapping& mapping : image.mappings) {
    if (!may_hold_references(image, mapping)) continue;
    uint64_t at = mapping.start;
    const auto add = [&](uint64_t end) {
      if (at < end && image.coherent)
        look(image, at, end);
      else if (at < end)
        for (const AddressRange& run : existing(pages, mapping, at, end)) runs.push_back(run);
    };
    for (const AddressRange& range : leave_out) {
      if (range.end <= at || range.start >= mapping.end) continue;
      add(range.start & ~(kPage - 1));
      at = std::max(at, std::min(mapping.end, (range.end + kPage - 1) & ~(kPage - 1)));
    }
    add(mapping.end);
  }
  if (runs.empty()) return;
  if (!image.core) require_room("process " + std::to_string(image.pid), resident_bytes(image.pid));
  uint64_t bytes = 0;
  for (const AddressRange& run : runs) bytes += run.end - run.start;
  room_ = Room(bytes);
  std::byte* to = room_.data();
  for (const AddressRange& run : runs) {
    copy(image, run.start, run.end, to);
    to += run.end - run.start;
  }
}

// What the copy of a held process has not fetched had never been touched.
void MemoryCopy::look(const ProcessImage& image, uint64_t start, uint64_t end) {
  while (start < end) {
    const std::span<const std::byte> bytes = image.view(start);
    if (bytes.empty()) {
      const uint64_t next = std::max(image.next_view(start), start + kPage);
      if (next <= start) return;
      start = next;
      continue;
    }
    regions_.push_back({start, bytes.first(std::min<uint64_t>(bytes.size(), end - start))});
    bytes_ += regions_.back().bytes.size();
    start = regions_.back().end();
  }
}

void MemoryCopy::copy(const ProcessImage& image, uint64_t start, uint64_t end, std::byte* to) {
  while (start < end) {
    const size_t got = image.read_some(start, to, end - start);
    if (got != 0) {
      regions_.push_back({start, {to, got}});
      bytes_ += got;
    }
    start += got;
    to += got;
    if (start >= end) return;
    const uint64_t skip = std::min(end, (start & ~(kPage - 1)) + kPage);
    unreadable_ += skip - start;
    to += skip - start;
    start = skip;
  }
}

}  // namespace track::process
