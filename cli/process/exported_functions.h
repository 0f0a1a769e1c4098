// Addresses of functions that a loaded module exports, read from the process's memory.
#pragma once

#include <cstdint>
#include <string_view>

#include "cli/model/process_image.h"

namespace track::process {

// The default version of it; 0: there is none, or the module cannot be read.
uint64_t exported_function(const ImageMemory& memory, const Module& module, std::string_view name);

}  // namespace track::process
