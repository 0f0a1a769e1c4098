// The work that a stuck thread waits for, where that lies in a queue which the thread itself would
// have to serve: from something its stack refers to, through a block that holds addresses of code
// (a function object, a coroutine's frame), to the object it waits on.
#pragma once

#include <optional>

#include "cli/analyze/mark.h"
#include "cli/model/memory.h"

namespace track::analyze {

struct QueuedJob {
  uint64_t address = 0;   // of the block with the code
  bool on_stack = false;  // the thread's stack refers to it: it may be the job that runs
};

// object: in memory that only a reference keeps alive; else there is no answer.
std::optional<QueuedJob> find_queued_job(const Marker& marker, const MemoryPicture& picture,
                                         const AddressRange& stack, uint64_t object);

}  // namespace track::analyze
