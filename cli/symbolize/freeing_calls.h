// Which calls in an ELF file free memory: through its linkage table or its words for free and the
// forms of operator delete, whose names also a stripped file keeps. Addresses are ELF virtual ones.
#pragma once

#include <cstdint>
#include <unordered_set>

#include "cli/symbolize/elf_image.h"
#include "cli/symbolize/machine_code.h"

namespace track::symbolize {

class FreeingCalls {
 public:
  FreeingCalls() = default;
  explicit FreeingCalls(const ElfImage& image);

  // Whether the function that begins there only jumps to one of them.
  bool at(MachineCode& code, uint64_t function) const;

 private:
  std::unordered_set<uint64_t> words_;  // that the loader sets to them
};

}  // namespace track::symbolize
