// A process that gives up its user, its groups or its root directory may not be able to create its
// recording afterwards: a fork child that has none yet (nginx's workers) gets it now. One that
// filters its system calls is left alone by ours from then on.
#include <grp.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libtrack/capture/real.h"
#include "libtrack/core/cpu_sampler.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/recording_copy.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/thread_state.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;

namespace {

void publish_now() {
  if (!track::core::recording_is_ours() || !track::core::forked_recording_unpublished()) return;
  track::core::BusyScope busy;
  track::core::publish_forked_recording();
}

}  // namespace

#define TRACK_PRIVILEGE(name, parameters, arguments) \
  TRACK_EXPORT int name parameters noexcept {        \
    publish_now();                                   \
    return real.name arguments;                      \
  }

TRACK_PRIVILEGE(setuid, (uid_t u), (u))
TRACK_PRIVILEGE(seteuid, (uid_t u), (u))
TRACK_PRIVILEGE(setreuid, (uid_t r, uid_t e), (r, e))
TRACK_PRIVILEGE(setresuid, (uid_t r, uid_t e, uid_t s), (r, e, s))
TRACK_PRIVILEGE(setgid, (gid_t g), (g))
TRACK_PRIVILEGE(setegid, (gid_t g), (g))
TRACK_PRIVILEGE(setregid, (gid_t r, gid_t e), (r, e))
TRACK_PRIVILEGE(setresgid, (gid_t r, gid_t e, gid_t s), (r, e, s))
TRACK_PRIVILEGE(setgroups, (size_t n, const gid_t* groups), (n, groups))
TRACK_PRIVILEGE(chroot, (const char* path), (path))
TRACK_PRIVILEGE(unshare, (int flags), (flags))
TRACK_PRIVILEGE(setns, (int fd, int type), (fd, type))

TRACK_EXPORT int initgroups(const char* user, gid_t group) {
  publish_now();
  return real.initgroups(user, group);
}

// Decided before the filter is there; a filter that was refused changes nothing.
namespace {
template <class Install>
long with_filter(Install install) {
  publish_now();
  track::core::stop_cpu_sampling(track::wire::CpuState::filtered);
  const bool before = track::sys::filtered.exchange(true);
  const long rc = install();
  if (rc < 0) track::sys::filtered.store(before);
  return rc;
}
}  // namespace

// Where reading the time-stamp counter raises SIGSEGV, nothing can be recorded any more.
namespace {
void stop_for_good() {
  track::core::stop_cpu_sampling(track::wire::CpuState::filtered);
  track::core::recording_is_on.store(false);
  track::core::wiped_in_children.ours.store(false);
  track::core::let_locks_go_unseen();
  track::core::recording.base = nullptr;
  track::core::this_thread.locks = nullptr;
  track::core::this_thread.since = nullptr;
}
}  // namespace

// libc's is variadic: whatever the caller left in the registers is passed on.
TRACK_EXPORT int prctl(int option, long a, long b, long c, long d) {
  const bool strict = option == PR_SET_SECCOMP && a == SECCOMP_MODE_STRICT;
  if (strict || (option == PR_SET_TSC && a == PR_TSC_SIGSEGV)) stop_for_good();
  if (option != PR_SET_SECCOMP) return real.prctl(option, a, b, c, d);
  return static_cast<int>(with_filter([&] { return long{real.prctl(option, a, b, c, d)}; }));
}

// syscall(SYS_seccomp, ...) and syscall(SYS_prctl, ...), from interpose/syscall.cc.
extern "C" __attribute__((visibility("hidden"), used)) long track_seccomp(long number, long a,
                                                                          long b, long c, long d,
                                                                          long e, long f) {
  const bool installs = number == SYS_prctl
                            ? a == PR_SET_SECCOMP
                            : a == SECCOMP_SET_MODE_STRICT || a == SECCOMP_SET_MODE_FILTER;
  if (number == SYS_prctl ? a == PR_SET_TSC || (installs && b == SECCOMP_MODE_STRICT)
                          : a == SECCOMP_SET_MODE_STRICT)
    stop_for_good();
  if (!installs) return real.syscall(number, a, b, c, d, e, f);
  return with_filter([&] { return real.syscall(number, a, b, c, d, e, f); });
}
