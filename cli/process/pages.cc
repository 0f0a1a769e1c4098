#include "cli/process/pages.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace track::process {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kPresent = uint64_t{1} << 63, kSwapped = uint64_t{1} << 62;
constexpr uint64_t kOfFile = uint64_t{1} << 61;
constexpr uint64_t kMostEntries = uint64_t{16} << 30 >> 12;  // of a hole: 128 MiB of answers

// linux/fs.h of kernel 6.7; not in every libc's headers.
struct ScanRegion {
  uint64_t start, end, categories;
};
struct ScanRequest {
  uint64_t size, flags, start, end, walk_end, regions, region_count, most_pages, inverted, all_of,
      any_of, returned;
};
constexpr unsigned long kScan = _IOWR('f', 16, ScanRequest);
constexpr uint64_t kScanFile = 4, kScanPresent = 8, kScanSwapped = 16, kScanZero = 32;
static_assert(sizeof(ScanRequest) == 96);

void append(std::vector<AddressRange>& to, size_t first, uint64_t start, uint64_t end) {
  if (to.size() > first && to.back().end == start)
    to.back().end = end;
  else
    to.push_back({start, end});
}

}  // namespace

PageTable::PageTable(pid_t pid)
    : file_(open(("/proc/" + std::to_string(pid) + "/pagemap").c_str(), O_RDONLY | O_CLOEXEC)) {}

PageTable::~PageTable() {
  if (file_ >= 0) close(file_);
}

bool PageTable::find(uint64_t start, uint64_t end, Which which,
                     std::vector<AddressRange>& to) const {
  if (file_ < 0) return false;
  const size_t before = to.size();
  if (search(start, end, which, to)) return true;
  to.resize(before);
  if ((end - start) / kPage <= kMostEntries && read_entries(start, end, which, to)) return true;
  to.resize(before);
  return false;
}

bool PageTable::search(uint64_t start, uint64_t end, Which which,
                       std::vector<AddressRange>& to) const {
  const size_t first = to.size();
  ScanRegion regions[256];
  ScanRequest request{};
  request.size = sizeof request;
  request.end = end;
  request.regions = reinterpret_cast<uint64_t>(regions);
  request.region_count = std::size(regions);
  request.any_of = kScanPresent | kScanSwapped;
  request.returned = kScanPresent;
  // The page of zeros is nobody's.
  request.inverted = request.all_of = kScanZero | (which == Which::written ? kScanFile : 0);
  while (start < end) {
    request.start = start;
    request.walk_end = 0;
    const int found = ioctl(file_, kScan, &request);
    if (found < 0 || request.walk_end <= start) return false;
    for (int i = 0; i < found; ++i) append(to, first, regions[i].start, regions[i].end);
    start = request.walk_end;
  }
  return true;
}

bool PageTable::read_entries(uint64_t start, uint64_t end, Which which,
                             std::vector<AddressRange>& to) const {
  const size_t first = to.size();
  std::vector<uint64_t> entries(16384);
  while (start < end) {
    const size_t want = std::min<uint64_t>(entries.size(), (end - start + kPage - 1) / kPage);
    const ssize_t got =
        pread(file_, entries.data(), want * 8, static_cast<off_t>(start / kPage * 8));
    if (got < 8) return false;
    for (size_t i = 0; i < static_cast<size_t>(got) / 8; ++i, start += kPage) {
      const bool exists = (entries[i] & (kPresent | kSwapped)) != 0;
      const bool of_file = (entries[i] & kOfFile) != 0;
      if (exists && !(which == Which::written && of_file)) append(to, first, start, start + kPage);
    }
  }
  return true;
}

}  // namespace track::process
