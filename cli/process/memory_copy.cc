#include "cli/process/memory_copy.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace track::process {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kPresent = uint64_t{1} << 63, kSwapped = uint64_t{1} << 62;

// Which pages exist, by /proc/PID/pagemap.
class Pages {
 public:
  explicit Pages(const ProcessImage& image) {
    if (!image.core)
      fd_ = open(("/proc/" + std::to_string(image.pid) + "/pagemap").c_str(), O_RDONLY | O_CLOEXEC);
  }
  ~Pages() {
    if (fd_ >= 0) close(fd_);
  }
  Pages(const Pages&) = delete;

  // The runs of existing pages in [start, end); all of it when that cannot be told.
  std::vector<AddressRange> present(uint64_t start, uint64_t end) const {
    if (fd_ < 0) return {{start, end}};
    std::vector<AddressRange> runs;
    std::vector<uint64_t> entries(4096);
    for (uint64_t at = start; at < end;) {
      const size_t want = std::min<uint64_t>(entries.size(), (end - at) / kPage);
      const ssize_t got = pread(fd_, entries.data(), want * 8, static_cast<off_t>(at / kPage * 8));
      if (got < 8) return {{start, end}};
      for (size_t i = 0; i < static_cast<size_t>(got) / 8; ++i, at += kPage) {
        if ((entries[i] & (kPresent | kSwapped)) == 0) continue;
        if (!runs.empty() && runs.back().end == at)
          runs.back().end += kPage;
        else
          runs.push_back({at, at + kPage});
      }
    }
    return runs;
  }

 private:
  int fd_ = -1;
};

bool may_hold_references(const Mapping& mapping) {
  if (!mapping.readable || mapping.path == "[vvar]" || mapping.path == "[vsyscall]") return false;
  // What was written once and then protected: only where no file stands behind it.
  return mapping.writable || (mapping.path.empty() && !mapping.executable);
}

}  // namespace

MemoryCopy::MemoryCopy(const ProcessImage& image, std::span<const AddressRange> leave_out) {
  const Pages pages(image);
  for (const Mapping& mapping : image.mappings) {
    if (!may_hold_references(mapping)) continue;
    uint64_t at = mapping.start;
    const auto add = [&](uint64_t end) {
      if (at < end && image.coherent)
        look(image, at, end);
      else if (at < end)
        for (const AddressRange& run : pages.present(at, end)) copy(image, run.start, run.end);
    };
    for (const AddressRange& range : leave_out) {
      if (range.end <= at || range.start >= mapping.end) continue;
      add(range.start & ~(kPage - 1));
      at = std::max(at, std::min(mapping.end, (range.end + kPage - 1) & ~(kPage - 1)));
    }
    add(mapping.end);
  }
}

// What the copy of a held process has not fetched had never been touched.
void MemoryCopy::look(const ProcessImage& image, uint64_t start, uint64_t end) {
  while (start < end) {
    const std::span<const std::byte> bytes = image.view(start);
    if (bytes.empty()) {
      start += kPage;
      continue;
    }
    regions_.push_back({start, bytes.first(std::min<uint64_t>(bytes.size(), end - start))});
    bytes_ += regions_.back().bytes.size();
    start = regions_.back().end();
  }
}

void MemoryCopy::copy(const ProcessImage& image, uint64_t start, uint64_t end) {
  while (start < end) {
    auto bytes = std::make_unique_for_overwrite<std::byte[]>(end - start);
    const size_t got = image.read_some(start, bytes.get(), end - start);
    if (got != 0) {
      regions_.push_back({start, {bytes.get(), got}});
      storage_.push_back(std::move(bytes));
      bytes_ += got;
    }
    start += got;
    if (start >= end) return;
    const uint64_t skip = std::min(end, (start & ~(kPage - 1)) + kPage);
    unreadable_ += skip - start;
    start = skip;
  }
}

}  // namespace track::process
