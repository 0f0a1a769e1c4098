// Why the kernel does not let us look into a process, and what to do about it.
#pragma once

#include <sys/types.h>

#include <string>

namespace track::process {

// `error`: what ptrace or process_vm_readv failed with. Names the obstacle (an existing tracer,
// Yama, another user, missing capabilities, a process that is not dumpable) and how to allow it.
// proc: the directory that is read for it.
std::string why_not_traceable(pid_t pid, int error, const std::string& proc = "/proc");

}  // namespace track::process
