// What a module says to the loader: its dynamic section and what that leads to, read from memory
// that may hold anything.
#pragma once

#include <elf.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cli/model/process_image.h"

namespace track::process {

class DynamicSection {
 public:
  // header: address of the module's ELF header; base: what is added to its addresses. By the
  // program headers, which lie in the first page.
  DynamicSection(const ImageMemory& memory, uint64_t header, uint64_t base);

  bool has_symbols() const { return symbols_ != 0 && strings_ != 0 && hashes_ != 0; }
  // The default version of a function that it exports; 0: there is none.
  uint64_t function(std::string_view name) const;

  std::string soname() const;  // empty: none
  bool defines_version(std::string_view version) const;
  // Every version that it wants of another library. An index is what symbols say their version by.
  using NeededVersion =
      std::function<void(const std::string& library, const std::string& version, uint16_t index)>;
  void each_needed_version(const NeededVersion& use) const;
  // The first symbol that it looks for elsewhere under this version; empty: none.
  std::string symbol_of_version(uint16_t index) const;

 private:
  template <typename T>
  std::optional<T> get(uint64_t address) const {
    T value;
    if (memory_.read_some(address, &value, sizeof value) != sizeof value) return std::nullopt;
    return value;
  }
  void read(uint64_t vaddr);
  uint64_t defined(uint32_t index, std::string_view name) const;
  std::string text_at(uint64_t offset) const;

  const ImageMemory& memory_;
  uint64_t base_;
  uint64_t symbols_ = 0, strings_ = 0, versions_ = 0, hashes_ = 0;
  uint64_t needed_ = 0, definitions_ = 0;
  std::optional<uint64_t> soname_;
};

}  // namespace track::process
