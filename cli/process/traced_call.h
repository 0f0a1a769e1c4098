// System calls made by a thread that stands still under ptrace.
#pragma once

#include <sys/types.h>
#include <sys/user.h>

#include <array>
#include <cstdint>

namespace track::process {

// For tests that end the tracer at every possible moment: called before each change to a tracee.
extern void (*before_each_step)();

// Set and read by ptrace. Throw Error when the thread is gone.
user_regs_struct registers_of(pid_t tid);
void set_registers(pid_t tid, const user_regs_struct& user);

struct StopStatus {
  bool ended = false;
  bool at_call = false;  // at the entry or the end of a system call
  int event = 0;         // PTRACE_EVENT_x
  int signal = 0;        // about to be delivered; else 0
};
// The thread's next stop. Throws Error when it does not come in time.
StopStatus await_stop(pid_t tid);
void resume(pid_t tid, int request, int signal = 0);  // which it is to get

struct CallResult {
  int64_t value = 0;     // negative: an error number
  pid_t child = 0;       // the process that the call made: traced and stopped, or about to be
  bool stopped = false;  // SIGSTOP came meanwhile and was swallowed
};
// Makes a stopped thread of this tracer do `number` by the instruction at `code`, with this stack
// pointer (a sixth argument is 0); it stands at the end of the call afterwards. Needs the options
// SYSGOOD and TRACECLONE.
CallResult traced_call(pid_t tid, uint64_t code, uint64_t stack_pointer, int64_t number,
                       const std::array<uint64_t, 5>& arguments);

}  // namespace track::process
