// Which coroutines may be told to be orphaned.
#pragma once

#include "cli/analyze/mark.h"
#include "cli/model/memory.h"
#include "cli/model/trace.h"

namespace track::analyze {

// A frame, or what looks like one, and one that is not running.
bool orphanable(const Coroutine& coroutine);

// Its head is in the picture what it was when it was found, or its memory is not at hand.
bool still_there(const MemoryPicture& picture, const Coroutine& coroutine);

// A coroutine or fiber that nothing marked so far refers to.
bool any_orphan(const Trace& trace, const Marker& marker);

}  // namespace track::analyze
