// From the kernel's register set to ours.
#pragma once

#include <sys/types.h>
#include <sys/user.h>

#include "cli/model/process_image.h"

namespace track::process {

// Registers of a thread that stands still, and the system call that it is inside of, if any.
void apply_registers(const user_regs_struct& user, ImageThread& thread);

// A thread that PTRACE_INTERRUPT has stopped: a call that the kernel ended early because of that is
// made to go on, as if it had said "unless a handler runs". Gives what its registers are then;
// false: they cannot be read.
bool mend_broken_call(pid_t tid, user_regs_struct& user);

}  // namespace track::process
