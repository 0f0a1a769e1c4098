// The class of an object by its virtual table, from the process's own memory: works without debug
// information, and in a stripped program too.
#pragma once

#include <string>

#include "cli/model/process_image.h"
#include "cli/process/untracked.h"

namespace track::process {

// table: what the object's first word holds. The class's name as the compiler writes it into
// std::type_info ("7Session", "N3app7SessionE"); empty unless everything fits: the complete
// object's table, a type_info whose own table is the C++ runtime's by symbol, a name.
std::string class_of_table(const ImageMemory& memory, uint64_t table,
                           const FunctionLookup& symbols);

}  // namespace track::process
