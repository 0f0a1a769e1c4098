// The bodies of include/track/abi.h: who is recorded, and what is said of the calling task.
#include "libtrack/core/labels.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/recording_dump.h"
#include "libtrack/core/scopes.h"
#include "libtrack/core/text.h"
#include "libtrack/include/track/track.h"
#include "libtrack/wire/labels.h"

#define TRACK_API extern "C" __attribute__((visibility("default")))

namespace core = track::core;
using track::core::recording;

TRACK_API int track_abi_is_recording(void) {
  return core::recording_on() ? 1 : 0;
}

TRACK_API const char* track_abi_recording_path(void) {
  return recording.path;
}

TRACK_API uint64_t track_abi_lost(void) {
  if (!core::recording_is_ours()) return 0;
  const auto& lost = core::lost();
  uint64_t all = 0;
  for (const auto* counter : {&lost.tasks, &lost.coroutines, &lost.fibers, &lost.labels})
    all += counter->load(std::memory_order_relaxed);
  return all;
}

TRACK_API int track_abi_dump(const char* path) {
  if (path == nullptr || !core::recording_is_ours()) return 0;
  core::BusyScope busy;
  const int failed = core::dump_recording(path);
  return failed == 0 ? 1 : failed;
}

TRACK_API int track_abi_label_set(const char* key, const char* value) {
  if (key == nullptr || *key == 0 || core::current_slot() == nullptr) return 0;
  core::BusyScope busy;
  // A scope is opened, not said; it may be left.
  if (value != nullptr && core::equal(key, track::wire::kScopeKey)) return 0;
  const uint32_t set = core::labels_with(core::current_labels(), key, value);
  if (set == core::kNoRoom) return 0;
  core::use_labels(set);
  return 1;
}

TRACK_API uint32_t track_abi_labels(void) {
  if (core::current_slot() == nullptr) return 0;
  core::BusyScope busy;
  return core::told_labels(core::current_labels());
}

TRACK_API uint32_t track_abi_labels_use(uint32_t labels) {
  if (core::current_slot() == nullptr) return 0;
  core::BusyScope busy;
  const uint32_t before = core::told_labels(core::current_labels());
  const uint32_t set = core::labels_of_told(labels);
  if (set != 0 && !core::is_label_set(set)) return before;
  core::use_labels(set);
  if (core::scope_in_doubt(labels)) {
    const uint32_t without = core::labels_with(set, track::wire::kScopeKey, nullptr);
    core::use_labels(without == core::kNoRoom ? 0 : without);
  }
  return before;
}

TRACK_API const char* track_abi_labels_get(uint32_t labels, const char* key) {
  if (key == nullptr || !core::recording_is_ours()) return nullptr;
  core::BusyScope busy;
  return core::label_value(labels & (track::wire::kLabelSets - 1), key);
}
