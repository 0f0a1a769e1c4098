// Coroutine frames of a recorded process that have no allocation of their own: inside other frames
// (elided ones), in pools, arenas and static storage, on stacks. They have no creation stack.
#pragma once

#include <optional>

#include "cli/model/memory.h"
#include "cli/process/image.h"
#include "cli/process/memory_copy.h"
#include "cli/process/observe.h"

namespace track::process {

// Modules of a living process that its record does not know: nothing was called from them yet.
void add_mapped_modules(Trace& trace);

// Looks through the process's memory, while it runs, and adds what it finds to trace.coroutines:
// after inspect_coroutines. Then read_await_points, then drop_stale. Does nothing when the memory
// cannot be read, or is more than can be looked through in a moment.
class Unrecorded {
 public:
  // has_coroutines: whether the program has any, as far as symbols say.
  Unrecorded(Trace& trace, const CodeLookup& code, std::optional<bool> has_coroutines);
  void drop_stale(Trace& trace) const;

 private:
  ProcessImage image_;
  MemoryCopy copy_;
};

}  // namespace track::process
