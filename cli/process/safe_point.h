// Which threads of a running process may be made to call into libc for a moment: those that sleep
// in a system call that can be made again, called by code that has none of the locks which making a
// thread takes: no allocator's, none of the loader's, none of libc's for its threads. Who waits for
// a lock has not got it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "cli/model/process_image.h"
#include "cli/model/trace.h"
#include "cli/process/untracked.h"
#include "cli/process/unwind.h"

namespace track::process {

struct SafePoint {
  pid_t tid = 0;
  std::vector<uint64_t> addresses;  // of its stack, as they were
  bool in_libc = false;             // libc makes the call: on a stack that has room for C code
};

struct SafePoints {
  std::vector<SafePoint> threads;  // the best first: those whose wait has no time limit
  std::string why_not;             // of a thread that is none, when there is none at all
};

// trace: of a process that was looked at, with stacks; image: what it was made from.
SafePoints find_safe_points(const Trace& trace, const ProcessImage& image,
                            const FunctionLookup& functions);

// Whether the thread sleeps there still, or again. It may go on at any time.
bool still_there(const SafePoint& point, pid_t pid, Unwinder& unwinder);

}  // namespace track::process
