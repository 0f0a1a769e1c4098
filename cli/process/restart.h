// Whether a system call that a thread sleeps in can be broken off and made again without the
// program seeing it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "cli/model/process_image.h"

namespace track::process {

struct Restart {
  std::string why_not = {};  // empty: the call is made again, and returns what it would have
  // Made again with its whole time limit.
  bool limit_anew = false;
  // Where the kernel writes what is left of the time limit when it is broken off; 0: nowhere.
  uint64_t rest_at = 0;
};
constexpr uint64_t kRestBytes = 16;

// Broken off, the call returns what it has moved by then: fewer bytes, messages, events than it
// would have. thread: in a system call.
bool may_be_half_done(pid_t pid, const ImageThread& thread);

Restart restart_of(pid_t pid, const ImageThread& thread);

}  // namespace track::process
