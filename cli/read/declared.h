// What a program says of references that nobody can see (track.h), as its recording has it now.
#pragma once

#include "cli/model/memory.h"
#include "cli/read/bytes.h"

namespace track::read {

// Of one instant if the process is held. Throws Error.
HiddenReferences read_hidden_references(const Bytes& bytes);

}  // namespace track::read
