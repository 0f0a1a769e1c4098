// How a process begins and ends.
#include "libtrack/capture/real.h"
#include "libtrack/control/exit.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;
using track::control::process_ending;
using track::wire::EndReason;

namespace {

int (*target_main)(int, char**, char**);

int main_and_look(int argc, char** argv, char** environment) {
  const int rc = target_main(argc, argv, environment);
  process_ending(EndReason::main_returned, rc);
  return rc;
}

}  // namespace

TRACK_EXPORT int __libc_start_main(int (*main)(int, char**, char**), int argc, char** argv,
                                   void (*init)(), void (*fini)(), void (*rtld_fini)(),
                                   void* stack_end) {
  target_main = main;
  return real.__libc_start_main(main_and_look, argc, argv, init, fini, rtld_fini, stack_end);
}

#define TRACK_ENDING(name, reason, ...)            \
  TRACK_EXPORT void name(int status) __VA_ARGS__ { \
    process_ending(EndReason::reason, status);     \
    real.name(status);                             \
    __builtin_unreachable();                       \
  }

TRACK_ENDING(exit, exit_called, noexcept)
TRACK_ENDING(quick_exit, quick_exit, noexcept)
// Before glibc 2.24 it ran the thread's destructors.
TRACK_ENDING(old_quick_exit, quick_exit, noexcept)
TRACK_OLD_VERSION(quick_exit, "GLIBC_2.10");
TRACK_ENDING(_exit, underscore_exit, )
TRACK_ENDING(_Exit, underscore_exit, noexcept)

TRACK_EXPORT void abort() noexcept {
  process_ending(EndReason::abort_called, 134);
  real.abort();
  __builtin_unreachable();
}
