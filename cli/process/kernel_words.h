// Pointers of a process that only the kernel holds, as /proc says them, and the mechanisms by which
// it may hold others that nobody can look at.
#pragma once

#include <string>
#include <vector>

#include "cli/model/memory.h"
#include "cli/model/process_image.h"

namespace track::process {

struct KernelHeld {
  std::vector<KernelWord> words;           // epoll registrations, POSIX timers
  std::vector<std::string> doubts, blind;  // aio; io_uring, descriptors that may not be looked at
};

KernelHeld kernel_held(const ProcessImage& image);

}  // namespace track::process
