#include "cli/process/system_calls.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>
#include <iterator>

namespace track::process {
namespace {

constexpr int kNoArgument = -1;
constexpr long kFutexWaitv = 449, kEpollPwait2 = 441, kFutexWait = 455;

struct Meaning {
  long number;
  WaitKind kind;
  int object;      // argument that names it
  int time_limit;  // argument that points to one
};

constexpr Meaning kMeanings[] = {
    {SYS_read, WaitKind::read, 0, kNoArgument},
    {SYS_readv, WaitKind::read, 0, kNoArgument},
    {SYS_pread64, WaitKind::read, 0, kNoArgument},
    {SYS_preadv, WaitKind::read, 0, kNoArgument},
    {SYS_recvfrom, WaitKind::read, 0, kNoArgument},
    {SYS_recvmsg, WaitKind::read, 0, kNoArgument},
    {SYS_recvmmsg, WaitKind::read, 0, 4},
    {SYS_write, WaitKind::write, 0, kNoArgument},
    {SYS_writev, WaitKind::write, 0, kNoArgument},
    {SYS_pwrite64, WaitKind::write, 0, kNoArgument},
    {SYS_sendto, WaitKind::write, 0, kNoArgument},
    {SYS_sendmsg, WaitKind::write, 0, kNoArgument},
    {SYS_sendmmsg, WaitKind::write, 0, kNoArgument},
    {SYS_sendfile, WaitKind::write, 0, kNoArgument},
    {SYS_splice, WaitKind::write, 2, kNoArgument},
    {SYS_vmsplice, WaitKind::write, 0, kNoArgument},
    {SYS_tee, WaitKind::write, 1, kNoArgument},
    {SYS_fsync, WaitKind::write, 0, kNoArgument},
    {SYS_fdatasync, WaitKind::write, 0, kNoArgument},
    {SYS_accept, WaitKind::accept, 0, kNoArgument},
    {SYS_accept4, WaitKind::accept, 0, kNoArgument},
    {SYS_connect, WaitKind::connect, 0, kNoArgument},
    {SYS_nanosleep, WaitKind::sleep, kNoArgument, 0},
    {SYS_clock_nanosleep, WaitKind::sleep, kNoArgument, 2},
    {SYS_poll, WaitKind::poll, kNoArgument, kNoArgument},
    {SYS_ppoll, WaitKind::poll, kNoArgument, 2},
    {SYS_select, WaitKind::select, kNoArgument, 4},
    {SYS_pselect6, WaitKind::select, kNoArgument, 4},
    {SYS_epoll_wait, WaitKind::epoll, 0, kNoArgument},
    {SYS_epoll_pwait, WaitKind::epoll, 0, kNoArgument},
    {kEpollPwait2, WaitKind::epoll, 0, 3},
    {SYS_pause, WaitKind::signal, kNoArgument, kNoArgument},
    {SYS_rt_sigsuspend, WaitKind::signal, kNoArgument, kNoArgument},
    {SYS_rt_sigtimedwait, WaitKind::signal, kNoArgument, 2},
    {SYS_wait4, WaitKind::process, 0, kNoArgument},
    {SYS_waitid, WaitKind::process, 1, kNoArgument},
    {SYS_flock, WaitKind::file_lock, 0, kNoArgument},
    {SYS_semop, WaitKind::message, 0, kNoArgument},
    {SYS_semtimedop, WaitKind::message, 0, 3},
    {SYS_msgrcv, WaitKind::message, 0, kNoArgument},
    {SYS_msgsnd, WaitKind::message, 0, kNoArgument},
    {SYS_mq_timedreceive, WaitKind::message, 0, 4},
    {SYS_mq_timedsend, WaitKind::message, 0, 4},
    {SYS_io_getevents, WaitKind::poll, kNoArgument, 4},
};

int futex_command(const ImageThread& thread) {
  return static_cast<int>(thread.arguments[1]) & FUTEX_CMD_MASK;
}

bool waits_on_futex(const ImageThread& thread) {
  const int command = futex_command(thread);
  return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
         command == FUTEX_WAIT_REQUEUE_PI || command == 13;  // 13: FUTEX_LOCK_PI2
}

// Its third argument, in milliseconds; negative: none. poll's third, the epoll family's fourth.
bool has_millisecond_limit(const ImageThread& thread) {
  switch (thread.system_call) {
    case SYS_poll:
      return static_cast<int32_t>(thread.arguments[2]) >= 0;
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
      return static_cast<int32_t>(thread.arguments[3]) >= 0;
    default:
      return false;
  }
}

// A wait with a time limit, or any poll(), that a signal or a stop broke off goes on as this call;
// the registers are still those of the first one, whose number is gone. Clocks have small numbers,
// and no poll has as many descriptors as an address is large.
Wait restarted(const ImageThread& thread) {
  constexpr uint64_t kClocks = 16, kMostDescriptors = uint64_t{1} << 30;
  const auto& a = thread.arguments;
  Wait wait;
  wait.timed = true;
  if (a[0] < kClocks || a[1] >= kMostDescriptors) {
    wait.kind = WaitKind::sleep;
  } else if (a[1] < 2 * FUTEX_CLOCK_REALTIME && waits_on_futex(thread) && a[3] != 0 &&
             a[0] % 4 == 0) {
    wait.kind = WaitKind::futex;
    wait.object = a[0];
  } else {
    wait.kind = WaitKind::poll;
    const uint64_t half = a[2] >> 32;  // of an address neither
    wait.timed = static_cast<int32_t>(a[2]) >= 0 || (half != 0 && half != UINT32_MAX);
  }
  return wait;
}

}  // namespace

bool is_shared_futex(const ImageThread& thread) {
  return thread.in_system_call && thread.system_call == SYS_futex &&
         (thread.arguments[1] & FUTEX_PRIVATE_FLAG) == 0;
}

Wait wait_of(const ImageThread& thread) {
  Wait wait;
  if (!thread.in_system_call) return wait;
  if (thread.system_call == SYS_futex) {
    if (!waits_on_futex(thread)) return wait;
    wait.kind = WaitKind::futex;
    wait.object = thread.arguments[0];
    wait.timed = thread.arguments[3] != 0;
    return wait;
  }
  if (thread.system_call == kFutexWaitv || thread.system_call == kFutexWait) {
    wait.kind = WaitKind::futex;
    wait.timed = thread.arguments[thread.system_call == kFutexWaitv ? 3 : 4] != 0;
    if (thread.system_call == kFutexWait) wait.object = thread.arguments[0];
    return wait;
  }
  if (thread.system_call == SYS_restart_syscall) return restarted(thread);
  const auto meaning =
      std::find_if(std::begin(kMeanings), std::end(kMeanings),
                   [&](const Meaning& m) { return m.number == thread.system_call; });
  if (meaning == std::end(kMeanings)) return wait;
  wait.kind = meaning->kind;
  if (meaning->object >= 0) wait.object = thread.arguments[static_cast<size_t>(meaning->object)];
  wait.timed = (meaning->time_limit >= 0 &&
                thread.arguments[static_cast<size_t>(meaning->time_limit)] != 0) ||
               has_millisecond_limit(thread);
  return wait;
}

}  // namespace track::process
