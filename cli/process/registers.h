// From the kernel's register set to ours.
#pragma once

#include <sys/user.h>

#include "cli/model/process_image.h"

namespace track::process {

// Registers of a thread that stands still, and the system call that it is inside of, if any.
void apply_registers(const user_regs_struct& user, ImageThread& thread);

}  // namespace track::process
