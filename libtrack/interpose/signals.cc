// Signals: the one that CPU samples come by (core/cpu_sampler.h) is to look unused. Without cpu=HZ
// all of these go straight to libc.
#include <sys/signalfd.h>

#include "libtrack/capture/real.h"
#include "libtrack/core/cpu_sampler.h"
#include "libtrack/core/sys.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;
using namespace track::core;

namespace {

uint64_t bit_of(int number) {
  return number > 0 && number <= 64 ? uint64_t{1} << (number - 1) : 0;
}
bool is_ours(int number) {
  return __builtin_expect((bit_of(number) & cpu_signal_bit()) != 0, 0);
}
void leave(int number) {
  if (is_ours(number)) leave_cpu_signals(bit_of(number));
}

}  // namespace

TRACK_EXPORT int sigaction(int number, const struct sigaction* set,
                           struct sigaction* old) noexcept {
  if (is_ours(number)) {
    if (set == nullptr) {
      if (old != nullptr) *old = {};
      return 0;
    }
    leave(number);
  }
  return real.sigaction(number, set, old);
}

#define TRACK_SIGNAL(result, name, parameters, arguments) \
  TRACK_EXPORT result name parameters noexcept {          \
    leave(number);                                        \
    return real.name arguments;                           \
  }

TRACK_SIGNAL(sighandler_t, signal, (int number, sighandler_t f), (number, f))
TRACK_SIGNAL(sighandler_t, ssignal, (int number, sighandler_t f), (number, f))
TRACK_SIGNAL(sighandler_t, bsd_signal, (int number, sighandler_t f), (number, f))
TRACK_SIGNAL(sighandler_t, sysv_signal, (int number, sighandler_t f), (number, f))
TRACK_SIGNAL(sighandler_t, __sysv_signal, (int number, sighandler_t f), (number, f))
TRACK_SIGNAL(sighandler_t, sigset, (int number, sighandler_t f), (number, f))
TRACK_SIGNAL(int, sigignore, (int number), (number))
TRACK_SIGNAL(int, siginterrupt, (int number, int on), (number, on))

TRACK_EXPORT int sigpending(sigset_t* set) noexcept {
  if (__builtin_expect(!cpu_signal_about(), 1)) return real.sigpending(set);
  const PausedCpuTimer paused = pause_cpu_timer();
  const int rc = real.sigpending(set);
  resume_cpu_timer(paused);
  return rc;
}

TRACK_EXPORT int signalfd(int fd, const sigset_t* mask, int flags) noexcept {
  uint64_t wanted = 0;
  if (cpu_sampling() && track::sys::read_own_memory(mask, &wanted, sizeof wanted))
    leave_cpu_signals(wanted);
  return real.signalfd(fd, mask, flags);
}

// syscall(SYS_rt_sigaction, ...), from interpose/syscall.cc. The caller's structure is the
// kernel's.
extern "C" __attribute__((visibility("hidden"), used)) long track_signal_action(long number, long a,
                                                                                long b, long c,
                                                                                long d, long e,
                                                                                long f) {
  leave(static_cast<int>(a));
  return real.syscall(number, a, b, c, d, e, f);
}
