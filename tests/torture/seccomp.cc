// what: system-call filters installed after the start: denied calls, killed calls, strict mode
// leaves: recordings
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <initializer_list>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

// Lets the listed calls pass; what happens to the others is `action`.
static bool allow_only(std::initializer_list<int> numbers, unsigned action) {
  std::vector<sock_filter> program;
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (int number : numbers) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, action));
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}
static bool deny(std::initializer_list<int> numbers, unsigned action) {
  std::vector<sock_filter> program;
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (int number : numbers) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, action));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

static int work() {
  for (int i = 0; i < 300; ++i) {
    free(malloc(static_cast<size_t>(i) + 24));
    if (write(1, "", 0) != 0) return 1;
  }
  return 0;
}

static int run(int way) {
  char byte = 0;
  switch (way) {
    case 0:  // the files and identities closed to us politely
      if (!deny({SYS_openat, SYS_open, SYS_socket, SYS_gettid, SYS_getpid, SYS_unlinkat, SYS_unlink,
                 SYS_madvise, SYS_kill, SYS_process_vm_readv, SYS_sigaltstack},
                SECCOMP_RET_ERRNO | EPERM))
        return 90;
      std::thread([] { usleep(10); }).join();
      return work() == 0 ? 40 : 1;
    case 1:  // a sandbox such as that of OpenSSH: anything unexpected is the end
      if (!allow_only({SYS_read, SYS_write, SYS_exit, SYS_exit_group, SYS_brk, SYS_mmap, SYS_munmap,
                       SYS_futex, SYS_clock_gettime, SYS_close, SYS_getpid, SYS_rt_sigprocmask,
                       SYS_newfstatat, SYS_fstat},
                      SECCOMP_RET_KILL_PROCESS))
        return 91;
      return work() == 0 ? 41 : 1;
    case 2:  // the same, left through _exit
      if (!allow_only({SYS_read, SYS_write, SYS_exit_group, SYS_brk, SYS_futex},
                      SECCOMP_RET_KILL_PROCESS))
        return 92;
      _exit(work() == 0 ? 42 : 1);
    case 3:  // strict: read, write, exit and sigreturn, nothing else
      if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) != 0) return 93;
      for (int i = 0; i < 300; ++i)
        if (write(1, &byte, 0) != 0) break;
      syscall(SYS_exit, 43);
      return 1;
    default:
      return 99;
  }
}

int main() {
  for (int way = 0; way < 4; ++way) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) exit(run(way));
    int status = 0;
    waitpid(child, &status, 0);
    SHOW(status);
  }
  fflush(stdout);
  exit(run(1));
}
