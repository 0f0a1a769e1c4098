// What one function does with the memory that its first argument points to, taken for a coroutine's
// frame. Every instruction is looked at once, with what the registers held on the first way that
// led there: enough to tell functions apart, no proof of anything. Needs no debug information.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "cli/symbolize/machine_code.h"

namespace track::symbolize {

struct FrameUse {
  bool other_arguments = false;  // it was given more than the frame
  bool asks_head = false;        // compares the first word with null
  bool clears_head = false;      // stores null there
  bool sets_head = false;        // stores anything else there
  std::set<uint64_t> given_to;   // functions that get the frame itself as their first argument
  std::set<int64_t> narrow;      // one-byte fields behind the head that it reads
  uint64_t used_bytes = 0;       // the frame has at least as many
  uint64_t freed_bytes = 0;      // a constant beside the frame itself in such a call; 0 = none
};

// `extent`: of the whole function.
FrameUse frame_use(MachineCode& code, const std::pair<uint64_t, uint64_t>& extent);

// What a function that makes frames does with one, from the instruction on behind the one that
// wrote its head: a register, or the sum of two, lies `offset` bytes into the frame.
struct FrameMaker {
  uint64_t at = 0;
  uint8_t reg = 0;
  int64_t offset = 0;
  uint8_t with = Operand::kNoRegister;
};
FrameUse frame_use(MachineCode& code, const std::pair<uint64_t, uint64_t>& extent,
                   const FrameMaker& maker);

}  // namespace track::symbolize
