// All threads of a process held by ptrace, as shortly as possible.
//
// The tracer is a thread of its own that ends when the hold does: whatever it still held then, or
// when track is killed, the kernel lets go. Signals that arrive meanwhile are delivered afterwards;
// a stopped job stays stopped; system calls that the kernel would end early because a tracer looked
// are made to go on. Some threads would see it nevertheless, and are left asleep, so that only
// where they sleep is known of them: one on a futex whose value has changed (a lost wake-up) would
// go on, one in a call that has moved a part of its bytes would come back with these. A thread that
// is found running in such a call does the rest of it before it goes on (short_call.h).
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "cli/model/process_image.h"
#include "cli/process/proc.h"

namespace track::process {

struct Hold {
  std::vector<ImageThread> threads;  // by tid
  std::vector<std::string> missing;
  bool complete = false;  // every thread was held
  uint64_t pause_ns = 0;  // from the first interruption to the last release
};

// A thread as it stands, or sleeps. Valid while everything is held.
struct HeldThread {
  const ImageThread* thread = nullptr;
  bool interrupted = false;  // by us alone: no signal is on its way to it, no job control stop
};

// Both are called once, in the tracer: what traces is a thread, and only that may go on tracing.
struct HoldActions {
  std::function<void(const std::vector<HeldThread>&)> while_held;
  std::function<void()> afterwards;  // everything has been let go; may be empty
};

// A wait on a word that has another value by now, whoever changed it woke nobody: interrupted, the
// call would be made again, see the new value and end; left alone, it sleeps on. Or a call that may
// be half done.
bool stop_would_end(pid_t pid, const SystemCall& call);

// What an action throws comes out here, after the release. Throws Error when the process may not be
// traced or is gone.
Hold hold_process(pid_t pid, const HoldActions& actions);
Hold hold_process(pid_t pid, const std::function<void()>& while_held);

}  // namespace track::process
