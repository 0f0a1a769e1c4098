// What a std::deque (and so a std::queue) or a std::vector of libstdc++ leaves behind: taking an
// element out does not overwrite it, and it stands there until another one comes to its place. Such
// words refer to nothing for the program, but marking cannot tell them from others. A deque is
// known by its ten words: two cursors that agree with each other, and with a list of nodes that are
// blocks. A vector by three: where a block begins, a place in it, and the end of what was asked
// for.
#pragma once

#include <optional>

#include "cli/model/memory.h"
#include "cli/model/proof.h"
#include "cli/model/trace.h"

namespace track::analyze {

// The picture with zeros in these places. Nothing: no coroutine that fixpoint found reached stands
// in one of them. Must not outlive `picture`.
std::optional<MemoryPicture> without_taken_out(const Trace& trace, const MemoryPicture& picture,
                                               const Fixpoint& fixpoint);

}  // namespace track::analyze
