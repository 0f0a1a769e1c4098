// Types on the ways that marking found: of globals and what they lead to from declarations, of
// blocks from their virtual tables.
#pragma once

#include "cli/model/process_image.h"
#include "cli/model/proof.h"
#include "cli/symbolize/symbolizer.h"

namespace track::verbs {

// memory: of the same process, whose constant data still stands where it did.
void name_types(Fixpoint& fixpoint, const ImageMemory& memory, symbolize::Symbolizer& symbolizer);

}  // namespace track::verbs
