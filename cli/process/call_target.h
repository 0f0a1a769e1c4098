// Which function the call before a return address calls: it may be gone from the stack, having
// jumped on to another.
#pragma once

#include <cstdint>

#include "cli/model/process_image.h"

namespace track::process {

// Direct calls, calls through the PLT and through the GOT; 0 = the address was computed.
uint64_t called_function(const ProcessImage& image, uint64_t return_address);

}  // namespace track::process
