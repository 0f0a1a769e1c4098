// Where functions begin and end, by a module's unwind table as it is mapped: needs no symbols.
#pragma once

#include <cstdint>
#include <vector>

#include "cli/model/process_image.h"

namespace track::process {

// 0 = not known: no table, or nothing before (after) the address.
struct FunctionExtent {
  uint64_t start = 0;
  uint64_t end = 0;  // where the next one begins
};

FunctionExtent function_extent(const ImageMemory& memory, const std::vector<Module>& modules,
                               uint64_t address);

}  // namespace track::process
