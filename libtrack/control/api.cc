// The bodies of include/track/abi.h.
#include "libtrack/core/recording.h"
#include "libtrack/include/track/track.h"

#define TRACK_API extern "C" __attribute__((visibility("default")))

using track::core::recording;
using track::wire::ThreadState;

TRACK_API int track_abi_is_recording(void) {
  return track::core::recording_on() ? 1 : 0;
}

TRACK_API const char* track_abi_recording_path(void) {
  return recording.path;
}

TRACK_API uint64_t track_abi_count(int kind) {
  if (!track::core::recording_is_ours()) return 0;
  const auto& counters = recording.header->counters;
  uint64_t threads = 0;
  uint64_t created = counters.coroutines_created_by_gone.load(std::memory_order_relaxed);
  uint64_t destroyed = counters.coroutines_destroyed_by_gone.load(std::memory_order_relaxed);
  const uint64_t used =
      track::core::entries_used<track::wire::ThreadSlot>(track::wire::SectionKind::threads);
  for (uint64_t i = 0; i < used; ++i) {
    const auto& slot = recording.threads[i];
    const auto state = slot.state.load(std::memory_order_relaxed);
    if (state == ThreadState::free) continue;
    threads += state == ThreadState::created || state == ThreadState::running;
    created += slot.coroutines_created.load(std::memory_order_relaxed);
    destroyed += slot.coroutines_destroyed.load(std::memory_order_relaxed);
  }
  if (kind == TRACK_THREADS) return threads;
  return created > destroyed ? created - destroyed : 0;
}
