// Signal frames, as the kernel lays them out, that lie below a borrowed thread's stack: should
// track die while the thread makes a system call for it, the thread returns into them and finds its
// own registers, signal mask and vector state again; nobody has to help it.
//
//   high   ... the thread's own stack, its red zone
//          vector state
//   home   frame: what the thread was before
//   wait   frame: wait4(the helper), then home
//   leave  frame: exit_group(0), for a process that was made to be looked at
//   low
#pragma once

#include <sys/user.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cli/process/code_pieces.h"

namespace track::process {

struct WayBack {
  uint64_t start = 0;  // where the bytes belong
  std::vector<std::byte> bytes;
  // Stack pointers with which `syscall; ret` ends in each frame.
  uint64_t home = 0, wait = 0, leave = 0;
  uint64_t waited_for = 0;  // address of the four bytes with the helper's process id
  uint64_t scratch = 0;     // address of eight bytes that no frame needs
  uint64_t end() const { return start + bytes.size(); }
};

// What user_regs_struct says of a thread that was broken off in a system call is turned into a
// thread about to make that call. mask: its signals that are blocked. vector_state: as ptrace has
// it (NT_X86_XSTATE).
WayBack way_back(const user_regs_struct& user, uint64_t mask,
                 std::span<const std::byte> vector_state, const CodePieces& code);

}  // namespace track::process
