// One ELF file opened for reading, and the identities other files are matched by.
// Closed on destruction; pointers into elf() die with it.
#pragma once

#include <libelf.h>

#include <cstdint>
#include <memory>
#include <string>

namespace track::symbolize {

// A file name as a process in another root sees it. Symbolic links are followed inside that root.
class FileRoot {
 public:
  explicit FileRoot(std::string sysroot);
  // A descriptor of a regular file, or -1 with errno set. Never blocks on a pipe or a device.
  int open(const std::string& path) const;
  const std::string& sysroot() const { return sysroot_; }  // empty = our own root

 private:
  std::string sysroot_;
};

struct DebugLink {
  std::string name;  // empty = none
  uint32_t crc = 0;
};

class ElfImage {
 public:
  // Takes the descriptor over. Null, with `why` for people, when it is not an x86-64 ELF file.
  static std::unique_ptr<ElfImage> from_descriptor(int fd, std::string path, std::string& why);
  ~ElfImage();
  ElfImage(const ElfImage&) = delete;
  ElfImage& operator=(const ElfImage&) = delete;

  Elf* elf() const { return elf_; }
  const std::string& path() const { return path_; }          // in the root it was found in
  const std::string& build_id() const { return build_id_; }  // lower-case hex, empty = none
  DebugLink debug_link() const;
  bool has_dwarf() const;
  bool has_symtab() const;
  // True when the address is in a mapped, executable part of the file.
  bool is_code(uint64_t address) const;
  // CRC-32 of the whole file, as .gnu_debuglink records it; false when it cannot be read.
  bool crc(uint32_t& value) const;

 private:
  ElfImage(int fd, Elf* elf, std::string path);
  int fd_;
  Elf* elf_;
  std::string path_;
  std::string build_id_;
};

std::string hex(const void* bytes, size_t size);

}  // namespace track::symbolize
