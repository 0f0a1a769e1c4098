// Whether a recording's table of heap blocks holds all blocks of the program's allocator. It is
// kept by the hooks of malloc and its kin; a block that the program frees by another name of the
// allocator stays in it, and what is put there afterwards would be looked at by nobody.
#pragma once

#include <string>

#include "cli/model/process_image.h"

namespace track::process {

// Of an allocator other than glibc's. Empty: it does; else why that cannot be said.
std::string why_table_is_doubtful(const ProcessImage& image);

}  // namespace track::process
