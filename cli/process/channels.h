// Descriptors by which a process can send itself bytes, and so addresses: pipes, sockets and
// message queues with both ends inside, eventfds.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "cli/model/memory.h"

namespace track::process {

struct Channels {
  std::vector<std::string> inside;   // kinds with both ends in this process: "a pipe"
  std::vector<std::string> waiting;  // of these, kinds that hold bytes nobody has read yet
  std::vector<KernelWord> words;     // counts of eventfds
};

// As the process stands now. Descriptors are neither opened nor changed.
Channels find_channels(pid_t pid);

}  // namespace track::process
