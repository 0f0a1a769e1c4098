// libc's syscall(): C++20's atomic waits, std::future, semaphores and latches, and Rust's locks all
// wait through syscall(SYS_futex, ...); system-call filters are installed by SYS_seccomp (see
// privileges.cc), signal handlers by SYS_rt_sigaction (signals.cc); exec has its word to say (see
// exec.cc). Every other number must not see us at all: a vfork or a clone returns twice, so the
// stub jumps on with the stack exactly as it found it.
#include <linux/futex.h>
#include <sys/syscall.h>

#include "libtrack/capture/handoffs.h"
#include "libtrack/capture/real.h"
#include "libtrack/capture/waits.h"
#include "libtrack/control/exec.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;

extern "C" {

__attribute__((visibility("hidden"), used)) void* track_real_syscall() {
  return reinterpret_cast<void*>(real.syscall);
}

// Seventh argument: what the caller left where a stack argument would lie; only read.
__attribute__((visibility("hidden"), used)) long track_futex(long number, long word, long operation,
                                                             long value, long timeout, long word2,
                                                             long value3) {
  const long command = operation & FUTEX_CMD_MASK;
  const bool waits = command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET ||
                     command == FUTEX_LOCK_PI || command == FUTEX_WAIT_REQUEUE_PI;
  if (!waits) {
    if (command == FUTEX_WAKE || command == FUTEX_WAKE_BITSET) {
      track::core::Registers registers;
      TRACK_GET_REGISTERS(registers);
      note_wake(reinterpret_cast<const void*>(word), registers);
    }
    return real.syscall(number, word, operation, value, timeout, word2, value3);
  }
  TRACK_WAIT(open, WaitRequest{WaitKind::futex,
                               static_cast<uint8_t>(timeout != 0 ? track::wire::kWaitTimed : 0),
                               reinterpret_cast<const void*>(word)});
  const long rc = real.syscall(number, word, operation, value, timeout, word2, value3);
  end_wait(open, rc == 0);
  return rc;
}

__attribute__((visibility("hidden"), used)) long track_exec(long number, long first, long second,
                                                            long third, long fourth, long fifth,
                                                            long sixth) {
  const long program = number == SYS_execve ? first : second;
  const track::control::ExecAttempt attempt(reinterpret_cast<const char*>(program));
  return real.syscall(number, first, second, third, fourth, fifth, sixth);
}

// rdi = number. Only caller-saved registers that carry no argument (rax, r10, r11) are free here,
// and rax of a variadic call counts vector arguments, which syscall() has none of.
asm(R"(
  .text
  .globl syscall
  .type syscall, @function
syscall:
  .cfi_startproc
  cmp $202, %rdi
  je track_futex
  cmp $59, %rdi
  je track_exec
  cmp $322, %rdi
  je track_exec
  cmp $317, %rdi
  je track_seccomp
  cmp $157, %rdi
  je track_seccomp
  cmp $13, %rdi
  je track_signal_action
  push %rdi
  .cfi_adjust_cfa_offset 8
  push %rsi
  .cfi_adjust_cfa_offset 8
  push %rdx
  .cfi_adjust_cfa_offset 8
  push %rcx
  .cfi_adjust_cfa_offset 8
  push %r8
  .cfi_adjust_cfa_offset 8
  push %r9
  .cfi_adjust_cfa_offset 8
  sub $8, %rsp
  .cfi_adjust_cfa_offset 8
  call track_real_syscall
  add $8, %rsp
  .cfi_adjust_cfa_offset -8
  pop %r9
  .cfi_adjust_cfa_offset -8
  pop %r8
  .cfi_adjust_cfa_offset -8
  pop %rcx
  .cfi_adjust_cfa_offset -8
  pop %rdx
  .cfi_adjust_cfa_offset -8
  pop %rsi
  .cfi_adjust_cfa_offset -8
  pop %rdi
  .cfi_adjust_cfa_offset -8
  jmp *%rax
  .cfi_endproc
  .size syscall, .-syscall
)");
static_assert(SYS_execve == 59 && SYS_execveat == 322);
static_assert(SYS_rt_sigaction == 13);
static_assert(SYS_futex == 202 && SYS_seccomp == 317 && SYS_prctl == 157);

}  // extern "C"
