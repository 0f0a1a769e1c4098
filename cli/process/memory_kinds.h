// Which memory of a process may hold references, by what is mapped and how: all that the process
// may have written, whatever its protection is now.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "cli/model/memory.h"
#include "cli/model/process_image.h"

namespace track::process {

enum class Keeps {
  nothing,   // the kernel's, a device's, or a file's that is only read
  written,   // may have been written once: pages that are no longer its file's
  existing,  // every page that exists
};
Keeps keeps(const Mapping& mapping);

// Memory without a file behind it that a name was given: memfd, shared memory of both kinds.
bool is_memory_file(const Mapping& mapping);
// Of a device, or of the kernel's own making, written by others than threads.
bool is_device(const Mapping& mapping);

// What /proc/PID/smaps says beyond the mappings.
struct SpecialMemory {
  std::vector<AddressRange> not_forked;  // a fork leaves it out or empties it; sorted
  bool faults_served = false;            // by a program (userfaultfd): pages may be elsewhere
  bool limited_pages = false;            // private ones of the pool of huge pages
};
SpecialMemory special_memory(pid_t pid);

// Parts of a shared mapping whose file holds bytes, in addresses, and a descriptor to read them by
// (the mapping's offset is the file's): a page that one process never touched may hold what another
// mapping or a write() put there. file: -1 = it may not be opened.
struct SharedParts {
  int file = -1;
  std::vector<AddressRange> parts;
};
SharedParts shared_parts(pid_t pid, const Mapping& mapping);

}  // namespace track::process
