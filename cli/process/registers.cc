#include "cli/process/registers.h"

#include <elf.h>
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

namespace track::process {
namespace {

// The kernel's own codes for a call that is to be made again; not for user space.
constexpr int64_t kFirstRestart = -512, kRestartNoHandler = -514, kLastRestart = -516;

// What rax holds of a call that was broken off, to be made again or to fail with EINTR.
bool broken_off(int64_t result) {
  return result == -EINTR || (result <= kFirstRestart && result >= kLastRestart);
}

}  // namespace

void apply_registers(const user_regs_struct& user, ImageThread& thread) {
  Registers& r = thread.registers;
  r.values = {user.rax, user.rdx, user.rcx, user.rbx, user.rsi, user.rdi,
              user.rbp, user.rsp, user.r8,  user.r9,  user.r10, user.r11,
              user.r12, user.r13, user.r14, user.r15, user.rip};
  r.whole = true;
  thread.has_registers = true;
  thread.fs_base = user.fs_base;
  thread.gs_base = user.gs_base;
  const auto number = static_cast<int64_t>(user.orig_rax);
  thread.in_system_call = number >= 0 && broken_off(static_cast<int64_t>(user.rax));
  if (!thread.in_system_call) return;
  thread.system_call = number;
  thread.arguments = {user.rdi, user.rsi, user.rdx, user.r10, user.r8, user.r9};
}

bool mend_broken_call(pid_t tid, user_regs_struct& user) {
  iovec where{&user, sizeof user};
  if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &where) != 0) return false;
  const auto number = static_cast<int64_t>(user.orig_rax);
  if (number >= 0 && number != SYS_close && static_cast<int64_t>(user.rax) == -EINTR) {
    user.rax = static_cast<uint64_t>(kRestartNoHandler);
    ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &where);
  }
  return true;
}

}  // namespace track::process
