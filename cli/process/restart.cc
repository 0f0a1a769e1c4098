#include "cli/process/restart.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "cli/process/streams.h"
#include "cli/process/system_calls.h"

namespace track::process {
namespace {

constexpr long kEpollPwait2 = 441;
constexpr const char* kShort =
    "its call may have been done in part, and would come out short if it were broken off";

// SYS_writev, SYS_sendmsg and the like say it in memory only.
uint64_t bytes_to_write(const ImageThread& thread) {
  switch (thread.system_call) {
    case SYS_write:
    case SYS_sendto:
      return thread.arguments[2];
    default:
      return kAnyBytes;
  }
}

// Calls beyond those of wait_of that sleep until something happens.
bool waits_besides(const ImageThread& thread) {
  switch (thread.system_call) {
    case SYS_fcntl:
      return thread.arguments[1] == F_SETLKW || thread.arguments[1] == F_OFD_SETLKW;
    case SYS_open:
    case SYS_openat:  // a named pipe
    case SYS_io_uring_enter:
    case SYS_restart_syscall:  // one that was broken off before, and goes on
      return true;
    default:
      return false;
  }
}

// The kernel keeps what is left of a time limit for some calls only; the others take an instant, or
// are told what is left.
bool counts_anew(const ImageThread& thread) {
  switch (thread.system_call) {
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case kEpollPwait2:
    case SYS_semtimedop:
    case SYS_rt_sigtimedwait:
    case SYS_io_getevents:
      return wait_of(thread).timed;
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_accept:
    case SYS_accept4:
    case SYS_connect:
    case SYS_io_uring_enter:
      return true;  // cannot be told: the socket may have one
    default:
      return false;
  }
}

uint64_t rest_of(const ImageThread& thread) {
  const auto& a = thread.arguments;
  switch (thread.system_call) {
    case SYS_nanosleep:
      return a[1];
    case SYS_ppoll:
      return a[2];
    case SYS_clock_nanosleep:
      return a[3];
    case SYS_select:
    case SYS_pselect6:
      return a[4];
    case SYS_restart_syscall:
      // The registers still are those of the first call: clock_nanosleep's (a limit that is no
      // time of day has no flags) or nanosleep's. Others have no address of the stack there.
      return a[1] == 0 ? a[3] : a[1];
    default:
      return 0;
  }
}

}  // namespace

bool may_be_half_done(pid_t pid, const ImageThread& thread) {
  const auto& a = thread.arguments;
  switch (thread.system_call) {
    case SYS_recvfrom:
      return (a[3] & MSG_WAITALL) != 0;
    case SYS_recvmsg:
      return (a[2] & MSG_WAITALL) != 0;
    case SYS_recvmmsg:
      return a[2] > 1 && (a[3] & MSG_WAITFORONE) == 0;
    case SYS_io_getevents:
      return a[1] > 1;
    case SYS_io_uring_enter:
      return a[1] != 0;  // it returns how many it has begun
    case SYS_mq_timedsend:
    case SYS_msgsnd:
      return false;
    case SYS_sendmmsg:
      return a[2] > 1 || moved_at_once(pid, a[0]) != kAnyBytes;
    default:
      break;
  }
  const Wait wait = wait_of(thread);
  if (wait.kind != WaitKind::write) return false;
  const uint64_t at_once = moved_at_once(pid, wait.object);
  return at_once != kAnyBytes && bytes_to_write(thread) > at_once;
}

Restart restart_of(pid_t pid, const ImageThread& thread) {
  if (!thread.in_system_call) return {"it is running"};
  if (wait_of(thread).kind == WaitKind::none && !waits_besides(thread))
    return {"it is in system call " + std::to_string(thread.system_call) +
            ", which may not be made twice"};
  if (may_be_half_done(pid, thread)) return {kShort};
  return {{}, counts_anew(thread), rest_of(thread)};
}

}  // namespace track::process
