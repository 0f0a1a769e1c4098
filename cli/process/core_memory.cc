#include "cli/process/core_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace track::process {
namespace {

size_t copy_from(std::span<const std::byte> bytes, uint64_t at, void* to, size_t wanted) {
  if (at >= bytes.size()) return 0;
  const size_t n = std::min<uint64_t>(wanted, bytes.size() - at);
  std::memcpy(to, bytes.data() + at, n);
  return n;
}

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return;
  struct stat status {};
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    const auto size = static_cast<size_t>(status.st_size);
    void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data != MAP_FAILED) {
      data_ = static_cast<const std::byte*>(data);
      size_ = size;
      find_holes(fd);
    }
  }
  close(fd);
}

void MappedFile::find_holes(int fd) {
  constexpr size_t kMost = 1 << 20;
  off_t at = 0;
  while (static_cast<uint64_t>(at) < size_ && extents_.size() < kMost) {
    const off_t start = lseek(fd, at, SEEK_DATA);
    if (start < 0 && errno == ENXIO) return;  // a hole to the end
    const off_t end = start < 0 ? -1 : lseek(fd, start, SEEK_HOLE);
    if (end <= start) break;
    extents_.emplace_back(start, std::min<uint64_t>(static_cast<uint64_t>(end), size_));
    at = end;
  }
  if (static_cast<uint64_t>(at) < size_) extents_.clear();
}

std::pair<uint64_t, uint64_t> MappedFile::data_from(uint64_t offset) const {
  if (extents_.empty()) return {offset, size_};
  const auto after = std::upper_bound(
      extents_.begin(), extents_.end(), offset,
      [](uint64_t value, const std::pair<uint64_t, uint64_t>& e) { return value < e.second; });
  if (after == extents_.end()) return {size_, size_};
  return {std::max(offset, after->first), after->second};
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

size_t FileMemory::read_some(uint64_t address, void* to, size_t bytes) const {
  return copy_from(file_.bytes(), address, to, bytes);
}

void CoreMemory::add_file(const Mapping& mapping, std::shared_ptr<const MappedFile> file) {
  parts_[mapping.start] = {mapping.end, mapping.offset, std::move(file)};
}

const CoreMemory::Segment* CoreMemory::segment_of(uint64_t address) const {
  const auto after =
      std::upper_bound(segments_.begin(), segments_.end(), address,
                       [](uint64_t value, const Segment& s) { return value < s.start; });
  if (after == segments_.begin()) return nullptr;
  const Segment& segment = *std::prev(after);
  return address - segment.start < segment.file_bytes ? &segment : nullptr;
}

std::span<const std::byte> CoreMemory::view(uint64_t address) const {
  const std::span<const std::byte> here = bytes_at(address);
  const Segment* segment = segment_of(address);
  if (segment == nullptr || here.empty()) return here;
  const uint64_t offset = segment->file_offset + (address - segment->start);
  const auto [from, to] = file_.data_from(offset);
  if (from != offset) return {};
  return here.first(std::min<uint64_t>(here.size(), to - from));
}

std::span<const std::byte> CoreMemory::bytes_at(uint64_t address) const {
  if (const Segment* segment = segment_of(address)) {
    const uint64_t inside = address - segment->start;
    return file_.bytes().subspan(segment->file_offset + inside, segment->file_bytes - inside);
  }
  const auto next = parts_.upper_bound(address);
  if (next == parts_.begin()) return {};
  const auto& [start, part] = *std::prev(next);
  if (address >= part.end) return {};
  const std::span<const std::byte> bytes = part.file->bytes();
  const uint64_t at = part.offset + (address - start);
  if (at >= bytes.size()) return {};
  return bytes.subspan(at, std::min<uint64_t>(bytes.size() - at, part.end - address));
}

uint64_t CoreMemory::next_view(uint64_t address) const {
  if (const Segment* here = segment_of(address)) {
    const uint64_t begin = here->file_offset;
    const uint64_t data = file_.data_from(begin + (address - here->start)).first;
    if (data < begin + here->file_bytes) return here->start + (data - begin);
  }
  const auto segment =
      std::upper_bound(segments_.begin(), segments_.end(), address,
                       [](uint64_t value, const Segment& s) { return value < s.start; });
  const auto part = parts_.upper_bound(address);
  return std::min(segment == segments_.end() ? ~uint64_t{0} : segment->start,
                  part == parts_.end() ? ~uint64_t{0} : part->first);
}

size_t CoreMemory::read_some(uint64_t address, void* to, size_t bytes) const {
  size_t done = 0;
  while (done < bytes) {
    const auto here = bytes_at(address + done);
    if (here.empty()) break;
    done += copy_from(here, 0, static_cast<std::byte*>(to) + done, bytes - done);
  }
  return done;
}

}  // namespace track::process
