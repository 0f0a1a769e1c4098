// The bodies of include/track/abi.h: references that no scan of memory finds. They are kept
// wherever there is a recording, also while nothing else may be recorded: a proof relies on them.
#include "libtrack/core/declared.h"
#include "libtrack/core/recording.h"
#include "libtrack/include/track/track.h"

#define TRACK_API extern "C" __attribute__((visibility("default"), nothrow))

namespace core = track::core;

namespace {

uint64_t address_of(const void* object) {
  return reinterpret_cast<uint64_t>(object);
}

// No object lies there.
bool is_no_address(uint64_t address) {
  return address <= track::wire::kDeclaredClaimed;
}

}  // namespace

TRACK_API int track_abi_root_add(const void* begin, size_t bytes) {
  if (!core::recording_is_ours() || is_no_address(address_of(begin)) || bytes == 0) return 0;
  core::BusyScope busy;
  return core::add_root(address_of(begin), bytes) ? 1 : 0;
}

TRACK_API int track_abi_root_remove(const void* begin, size_t bytes) {
  if (!core::recording_is_ours()) return 0;
  core::BusyScope busy;
  return core::remove_root(address_of(begin), bytes) ? 1 : 0;
}

TRACK_API int track_abi_kernel_holds(const void* object) {
  if (!core::recording_is_ours() || is_no_address(address_of(object))) return 0;
  core::BusyScope busy;
  return core::hold(address_of(object)) ? 1 : 0;
}

TRACK_API int track_abi_kernel_gave_back(const void* object) {
  if (!core::recording_is_ours()) return 0;
  core::BusyScope busy;
  return core::give_back(address_of(object)) ? 1 : 0;
}
