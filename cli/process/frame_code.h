// What the code of two functions says about being a coroutine's resume and destroy where no symbol
// does: stripped programs. `exact` for what GCC alone makes of destroy, at every level; `alike` for
// what clang makes of both, which a state machine written by hand may do as well.
#pragma once

#include <cstdint>
#include <vector>

#include "cli/model/process_image.h"
#include "cli/model/trace.h"

namespace track::process {

// Of GCC's destroy function: where in the frame it marks the suspend index as odd. 0 = not known.
uint32_t gcc_index_offset(const ImageMemory& memory, const std::vector<Module>& modules,
                          uint64_t destroy);

// And the resume function that it goes on in. 0 = not known: the two may have no call in common.
uint64_t gcc_resume(const ImageMemory& memory, const std::vector<Module>& modules,
                    uint64_t destroy);

enum class CodeEvidence : uint8_t { none, alike, exact };

// resume may be 0: a frame at its final suspension, of which only GCC's destroy can tell.
// modules: sorted or not; their unwind tables tell where a function ends.
CodeEvidence frame_code(const ImageMemory& memory, const std::vector<Module>& modules,
                        uint64_t resume, uint64_t destroy);

}  // namespace track::process
