// One held thread that makes a few system calls for track and is then what it was before: its
// registers, signal mask, stack and the system call that it was in.
//
// At every instant from the first change to the last, the thread gets back by itself should the
// tracer die (see way_back.h). A call that had a time limit counts it anew in that case.
#pragma once

#include <sys/types.h>
#include <sys/user.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/model/process_image.h"
#include "cli/process/code_pieces.h"
#include "cli/process/traced_call.h"
#include "cli/process/way_back.h"

namespace track::process {

// any: a fiber's, too, which takes what the kernel would put there for a signal's handler.
enum class StackKind { own, any };

// Why this thread, which stands still under ptrace, must be left alone; empty = it may be borrowed.
std::string why_not_borrowed(pid_t pid, const ImageThread& thread, const user_regs_struct& user,
                             const std::vector<Mapping>& mappings, StackKind stack);

class BorrowedThread {
 public:
  // The thread stands still, by PTRACE_INTERRUPT. Throws Error; then nothing has changed.
  BorrowedThread(pid_t pid, pid_t tid, const CodePieces& code);
  ~BorrowedThread();  // gives it back
  BorrowedThread(const BorrowedThread&) = delete;
  BorrowedThread& operator=(const BorrowedThread&) = delete;

  const WayBack& way() const { return way_; }
  // stack_pointer: where the thread goes on should this be its last call, one of way()'s.
  CallResult call(uint64_t stack_pointer, int64_t number, const std::array<uint64_t, 5>& arguments);
  // Runs code that lies at `start`, with rbx = data, on a stack that ends at `stack`, until it
  // makes the system call before `marker`; by way().home it goes home by itself. Throws Error when
  // it gets elsewhere.
  void run(uint64_t start, uint64_t data, uint64_t marker, uint64_t stack);

 private:
  void leave_itself();
  void stand_as_before();

  pid_t pid_, tid_;
  CodePieces code_;
  user_regs_struct before_{};
  uint64_t mask_ = 0;
  std::vector<std::byte> vectors_;  // its vector registers
  WayBack way_;
  std::vector<std::byte> stack_before_;  // what lay where the way back lies
  bool changed_ = false;
  bool ran_ = false;      // code of ours, which uses vector registers as it likes
  bool stopped_ = false;  // SIGSTOP came meanwhile
};

}  // namespace track::process
