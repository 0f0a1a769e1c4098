// The memory that a core file holds; what it leaves out of mapped files comes from those files,
// when their build-ids say that they are still the ones that were mapped.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/model/process_image.h"

namespace track::process {

// A file mapped for reading, whole.
class MappedFile {
 public:
  // An empty one when it cannot be opened.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  // Where the file has bytes from there on, and until where: what lies between is a hole, all
  // zeros. {size, size} behind the last of them.
  std::pair<uint64_t, uint64_t> data_from(uint64_t offset) const;

 private:
  void find_holes(int fd);

  // Sorted; none: it is not known, all may be data.
  std::vector<std::pair<uint64_t, uint64_t>> extents_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

class CoreMemory : public ImageMemory {
 public:
  struct Segment {
    uint64_t start = 0;
    uint64_t end = 0;
    uint64_t file_offset = 0;  // in the core
    uint64_t file_bytes = 0;   // that the core holds: the rest was left out, or is cut off
  };

  explicit CoreMemory(const std::string& path) : file_(path) {}
  std::span<const std::byte> file() const { return file_.bytes(); }
  void set_segments(std::vector<Segment> segments) { segments_ = std::move(segments); }  // sorted
  // What lies at a mapping's addresses unless the core says otherwise.
  void add_file(const Mapping& mapping, std::shared_ptr<const MappedFile> file);

  size_t read_some(uint64_t address, void* to, size_t bytes) const override;
  // Not what is a hole in the core: pages that the process never touched, which nobody needs to
  // look through. read_some() gives their zeros.
  std::span<const std::byte> view(uint64_t address) const override;
  uint64_t next_view(uint64_t address) const override;

 private:
  const Segment* segment_of(uint64_t address) const;  // that holds the byte
  std::span<const std::byte> bytes_at(uint64_t address) const;
  struct FilePart {
    uint64_t end = 0;
    uint64_t offset = 0;
    std::shared_ptr<const MappedFile> file;
  };
  MappedFile file_;
  std::vector<Segment> segments_;
  std::map<uint64_t, FilePart> parts_;  // by start
};

// A file as memory that begins at address 0, to read headers of.
class FileMemory : public ImageMemory {
 public:
  explicit FileMemory(const MappedFile& file) : file_(file) {}
  size_t read_some(uint64_t address, void* to, size_t bytes) const override;

 private:
  const MappedFile& file_;
};

}  // namespace track::process
