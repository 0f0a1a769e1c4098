// Where the code of an ELF file writes a function's address to the head of a coroutine's frame: the
// ramp, or what it was inlined into. Addresses are ELF virtual addresses.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "cli/symbolize/frame_use.h"
#include "cli/symbolize/function_starts.h"
#include "cli/symbolize/machine_code.h"

namespace track::symbolize {

class FrameMakers {
 public:
  // Reads all of the code, once. Both must outlive it.
  FrameMakers(MachineCode& code, const FunctionStarts& functions);

  // How many bytes of the frame the first few use at least; 0 = there is none.
  uint64_t used_bytes(uint64_t resume);

 private:
  MachineCode& code_;
  const FunctionStarts& functions_;
  std::vector<std::pair<uint64_t, uint64_t>> taken_;  // a function, where its address is taken
};

}  // namespace track::symbolize
