// frame_heads.h: do the first two words of a block say that it is a coroutine's frame?
//
// A frame begins with its resume and its destroy function; one that has reached its final
// suspension has null in the place of the first (research: coroutine-abi.md). Two exact starts of
// functions are hardly ever anything else. Null and one function are: an operation of asio's that
// is the last in its queue looks so, and many a node of a list with a callback. Of these only who
// is known as a destroy function makes a frame, by what GCC makes of one at every level, or because
// it stood in a whole pair before.
#pragma once

#include <cstdint>

namespace track::capture {

enum class HeadKind : uint8_t {
  none,
  written_into,   // a frame that its allocator has back already: it says nothing of its site
  done_or_other,  // null, and a function of which nothing is known: perhaps a frame that is done
  frame,
};

// Looks at code, takes no lock and allocates nothing; what it has found out it keeps.
HeadKind kind_of_head(const uint64_t* head);

// Is it code of a module? Of frames that come and go the answer was given already.
bool is_code_still(uint64_t address);

}  // namespace track::capture
