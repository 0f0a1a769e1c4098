// Where a recording's bytes come from: a file, a span of memory (tests, dumps) or the mapping
// inside a live process whose file is gone. Reads are copies, bounds-checked against the true size;
// nothing of the source is ever mapped here, so a file that shrinks meanwhile cannot raise SIGBUS.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace track::read {

class Bytes {
 public:
  static Bytes file(const std::string& path);           // throws Error
  static Bytes memory(std::span<const std::byte> all);  // must outlive this
  static Bytes process(pid_t pid, uint64_t address, uint64_t bytes);

  // False: not all of [offset, offset + bytes) is there; `to` is then unspecified.
  bool read(uint64_t offset, void* to, uint64_t bytes) const;
  uint64_t size() const { return size_; }

 private:
  struct Descriptor {
    int fd = -1;
    ~Descriptor();
  };
  std::shared_ptr<Descriptor> file_;
  const std::byte* memory_ = nullptr;
  pid_t pid_ = 0;
  uint64_t address_ = 0;
  uint64_t size_ = 0;
};

}  // namespace track::read
