// What the machine code of a coroutine says about its suspend index: where in the frame it is,
// where each value resumes, and where each value is stored, that is: where it suspends. Needs no
// debug information. GCC: even values, 2 at the initial suspension, odd while being destroyed;
// clang: 0, 1, 2 ... in the order of the suspension points. Pure, but for the decoded code it
// keeps.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "cli/symbolize/frame_walk.h"
#include "cli/symbolize/machine_code.h"

namespace track::symbolize {

using CodeRange = std::pair<uint64_t, uint64_t>;

struct SuspendCode {
  bool gcc = false;
  std::optional<FrameField> index;
  std::map<uint64_t, uint64_t> targets;      // value -> where it resumes
  std::multimap<uint64_t, uint64_t> stores;  // value -> the instruction that stores it
};

// `body`: the resume function first, then parts of it that the compiler put elsewhere.
// `known`: the index field as DWARF tells it.
SuspendCode read_suspend_code(MachineCode& code, uint64_t destroy,
                              const std::vector<CodeRange>& body,
                              const std::optional<FrameField>& known);

// Instructions of `range` that store a constant into the index field, by value.
std::multimap<uint64_t, uint64_t> read_index_stores(MachineCode& code, const CodeRange& range,
                                                    const FrameField& index);

}  // namespace track::symbolize
