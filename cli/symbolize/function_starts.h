// Where the functions of an ELF file begin, by its unwind table: needs no symbols. Addresses are
// ELF virtual addresses. Empty where there is no table, or none in the form that all linkers write.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "cli/symbolize/elf_image.h"
#include "cli/symbolize/machine_code.h"

namespace track::symbolize {

class FunctionStarts {
 public:
  FunctionStarts() = default;
  FunctionStarts(const ElfImage& image, const MachineCode& code);

  const std::vector<std::pair<uint64_t, uint64_t>>& functions() const { return functions_; }
  static constexpr size_t kNone = ~size_t{0};
  // Which one begins exactly there; counted in the order of addresses.
  size_t at(uint64_t address) const;
  // From where to where the one goes that begins there; empty when none does.
  std::pair<uint64_t, uint64_t> extent(const MachineCode& code, uint64_t address) const;
  // The same of the one that the address lies in.
  std::pair<uint64_t, uint64_t> around(const MachineCode& code, uint64_t address) const;

 private:
  std::vector<std::pair<uint64_t, uint64_t>> functions_;  // start, its entry; sorted
};

}  // namespace track::symbolize
