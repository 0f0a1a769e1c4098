#include "libtrack/control/init.h"

#include <pthread.h>
#include <sys/auxv.h>

#include "libtrack/capture/allocations.h"
#include "libtrack/capture/coroutines.h"
#include "libtrack/capture/locks.h"
#include "libtrack/capture/next_symbols.h"
#include "libtrack/capture/operators.h"
#include "libtrack/capture/orders.h"
#include "libtrack/capture/real.h"
#include "libtrack/control/exit.h"
#include "libtrack/control/fork.h"
#include "libtrack/core/cpu_sampler.h"
#include "libtrack/core/modules.h"
#include "libtrack/core/options.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/ring.h"
#include "libtrack/core/stacks.h"
#include "libtrack/core/thread_state.h"

// The program's own, where it exports them (include/track/track.h).
extern "C" {
[[gnu::weak]] const char* track_default_options();
[[gnu::weak]] const char* track_default_suppressions();
}

namespace track::control {

bool start(const char* const* environment, Origin origin) {
  capture::find_real();
  capture::start_operators();
  // A set-user-id program is none of our business, even where the loader lets us in.
  if (getauxval(AT_SECURE) != 0) return false;
  const char* own_options = track_default_options != nullptr ? track_default_options() : nullptr;
  if (!core::open_recording(environment, own_options)) return false;
  core::recording.header->preload_origin = static_cast<uint32_t>(origin);
  core::start_modules();
  if (track_default_suppressions != nullptr)
    if (const char* own = track_default_suppressions(); own != nullptr && *own != 0)
      if ((core::recording.header->suppressions = core::add_string(own)) == 0)
        core::count(core::lost().labels);
  core::start_stacks();
  core::start_rings();
  capture::start_locks(capture::real);
  capture::start_coroutines();
  capture::start_allocations();
  // Of a process that was attached to: when its threads are known.
  if (origin == Origin::preloaded) core::start_cpu_sampling();
  capture::start_orders();
  start_fork_handling();
  if (origin == Origin::preloaded) core::start_threads();  // from here on the hooks record
  core::recording.header->state.store(wire::ProcessState::running, std::memory_order_release);
  return true;
}

}  // namespace track::control

namespace {

__attribute__((constructor(101))) void loaded(int, char**, char** environment) {
  // Loaded by `track attach`, which has more to say (attach.cc), or by a program's own dlopen.
  if (track::capture::loaded_late()) return;
  track::control::start(environment, track::control::Origin::preloaded);
}
__attribute__((destructor(101))) void unloaded() {
  track::control::finish();
}

}  // namespace
