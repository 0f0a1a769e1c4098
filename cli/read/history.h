// The rings of a recording.
#pragma once

#include <string>

#include "cli/model/history.h"
#include "cli/read/bytes.h"

namespace track::read {

// The events' stacks are added to the trace, which was read from the same bytes. live: they are
// being written meanwhile. Throws Error as read_recording does.
History read_history(const Bytes& bytes, bool live, Trace& trace);

}  // namespace track::read
