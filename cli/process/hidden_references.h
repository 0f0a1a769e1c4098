// What the program says of references that nobody can see (track.h), into the picture of its
// memory.
#pragma once

#include "cli/model/memory.h"
#include "cli/model/process_image.h"

namespace track::process {

// hidden: null = not known; a program that would have said something leaves a doubt then. Where it
// said some of it before there was a recording, `only_later`, it does as well.
void add_hidden_references(const ProcessImage& image, const HiddenReferences* hidden,
                           bool only_later, MemoryPicture& picture);

}  // namespace track::process
