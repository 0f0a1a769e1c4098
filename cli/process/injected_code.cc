#include "cli/process/injected_code.h"

// The borrowed thread: keeps errno, makes the helper, and stops at a system call that means
// nothing. Should nobody be there to see it, it goes home by itself.
//
// The helper: a thread of its own, all signals blocked as its maker had them then. Loads the
// library (again: it is never unloaded, the count of its users stays even), calls the function,
// says what came out, waits until that was read, and leaves by way of munmap, from which it returns
// into libc's end of a thread.
asm(R"(
  .pushsection .text
  .balign 16
  .globl track_injected_begin, track_injected_start, track_injected_marker, track_injected_end
  .hidden track_injected_begin, track_injected_start, track_injected_marker, track_injected_end
track_injected_begin:
track_injected_start:
  call *64(%rbx)                # __errno_location
  mov %rax, %r12
  mov (%r12), %r13d
  lea 88(%rbx), %rdi
  xor %esi, %esi
  lea .Ltrack_helper(%rip), %rdx
  mov %rbx, %rcx
  call *0(%rbx)                 # pthread_create
  cltq
  mov %rax, 80(%rbx)
  mov %r13d, (%r12)
  mov $39, %eax                 # getpid
  syscall
track_injected_marker:
  mov 72(%rbx), %rsp
  ret

.Ltrack_helper:
  push %rbx
  push %r12
  push %r13
  mov %rdi, %rbx
  call *8(%rbx)                 # pthread_self
  mov %rax, %rdi
  call *16(%rbx)                # pthread_detach
  mov $186, %eax                # gettid
  syscall
  mov %rax, 144(%rbx)
  lea 680(%rbx), %rdi
  mov $2, %esi                  # RTLD_NOW, local
  call *24(%rbx)                # dlopen
  mov $2, %r13d
  test %rax, %rax
  jz .Ltrack_failed
  mov %rax, %r12
  mov %rax, %rdi
  lea 648(%rbx), %rsi
  call *32(%rbx)                # dlsym
  mov $3, %r13d
  test %rax, %rax
  jz .Ltrack_failed
  lea 1704(%rbx), %rdi
  call *%rax
  mov %r12, %rdi
  call *40(%rbx)                # dlclose
  mov $1, %r13d
  jmp .Ltrack_say
.Ltrack_failed:
  call *48(%rbx)                # dlerror
  test %rax, %rax
  jz .Ltrack_say
  lea 152(%rbx), %rdi
  mov $495, %ecx
.Ltrack_copy:
  mov (%rax), %dl
  mov %dl, (%rdi)
  test %dl, %dl
  jz .Ltrack_say
  inc %rax
  inc %rdi
  dec %ecx
  jnz .Ltrack_copy
.Ltrack_say:
  mov %r13d, 96(%rbx)
.Ltrack_wait:
  cmpl $0, 100(%rbx)
  jne .Ltrack_leave
  decq 136(%rbx)
  js .Ltrack_leave
  mov $35, %eax                 # nanosleep
  lea 120(%rbx), %rdi
  xor %esi, %esi
  syscall
  jmp .Ltrack_wait
.Ltrack_leave:
  mov 104(%rbx), %rdi
  mov 112(%rbx), %rsi
  mov 56(%rbx), %rax            # munmap
  pop %r13
  pop %r12
  pop %rbx
  jmp *%rax
track_injected_end:
  .popsection
)");

extern "C" const std::byte track_injected_begin[], track_injected_start[], track_injected_marker[],
    track_injected_end[];

namespace track::process {

InjectedCode injected_code() {
  return {{track_injected_begin, static_cast<size_t>(track_injected_end - track_injected_begin)},
          static_cast<uint64_t>(track_injected_start - track_injected_begin),
          static_cast<uint64_t>(track_injected_marker - track_injected_begin)};
}

}  // namespace track::process
