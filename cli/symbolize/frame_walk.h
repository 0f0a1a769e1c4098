// Follows a coroutine's resume or destroy function from its entry with a frame whose content is
// unknown, but for the suspend index when that is given: which word of the frame decides the first
// branch, and where each index leads to. Abstract interpretation of the few dozen instructions a
// dispatch is made of; whatever it does not understand ends the walk.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "cli/symbolize/machine_code.h"

namespace track::symbolize {

// A field of a coroutine frame.
struct FrameField {
  int64_t offset = 0;
  uint8_t bytes = 0;
  auto operator<=>(const FrameField&) const = default;
};

struct WalkResult {
  std::optional<uint64_t> target;     // of the last branch that the index decided
  std::optional<FrameField> decider;  // the unknown field that the walk stopped at
  std::set<FrameField> loads;         // fields that were read
};

// `index`: the field that holds the suspend index, assumed to be `value`; null = nothing is known.
WalkResult walk_dispatch(MachineCode& code, uint64_t entry, const FrameField* index,
                         uint64_t value);

}  // namespace track::symbolize
