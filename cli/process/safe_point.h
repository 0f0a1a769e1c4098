// Which threads of a running process may be made to call into libc for a moment: those that sleep
// in a call of libc which holds none of its locks, reached from code that is not in the middle of
// an allocator or the loader. A thread that is, may hold the very lock that the call would take.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "cli/model/trace.h"
#include "cli/process/untracked.h"
#include "cli/process/unwind.h"

namespace track::process {

struct SafePoint {
  pid_t tid = 0;
  std::vector<uint64_t> addresses;  // of its stack, as they were
};

struct SafePoints {
  std::vector<SafePoint> threads;  // the best first: those whose wait has no time limit
  std::string why_not;             // of a thread that is none, when there is none at all
};

// trace: of a process that was looked at, with stacks.
SafePoints find_safe_points(const Trace& trace, const FunctionLookup& functions);

// Whether the thread sleeps there still, or again. It may go on at any time.
bool still_there(const SafePoint& point, pid_t pid, Unwinder& unwinder);

}  // namespace track::process
