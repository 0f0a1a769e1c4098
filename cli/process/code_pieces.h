// Two pieces of code that nearly every process has mapped: what a borrowed thread needs to make a
// system call and to get its own registers back. Nothing is written into the target's code.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "cli/model/process_image.h"

namespace track::process {

struct CodePieces {
  uint64_t call = 0;  // syscall; ret
  uint64_t back = 0;  // mov $15, %eax; syscall: rt_sigreturn
  bool found() const { return call != 0 && back != 0; }
};

// libc's own first (getpid and the end of a signal handler have them), then everything executable.
CodePieces find_code_pieces(const std::vector<Mapping>& mappings, const ImageMemory& memory);

// Whether they still stand there.
bool still_there(const CodePieces& pieces, const ImageMemory& memory);

}  // namespace track::process
