// The bodies of include/track/coroutine.h.
#include "libtrack/capture/told.h"
#include "libtrack/core/unwind.h"
#include "libtrack/include/track/coroutine.h"
#include "libtrack/wire/told.h"

#define TRACK_API extern "C" __attribute__((visibility("default"), nothrow))

using track::wire::ToldState;

namespace {
uint64_t address(const void* p) {
  return reinterpret_cast<uint64_t>(p);
}
}  // namespace

TRACK_API uint32_t track_abi_coroutine_created(void* frame) {
  track::core::Registers registers;
  TRACK_GET_REGISTERS(registers);
  return track::capture::told_created(address(frame), registers);
}

// A stage that is none says that it waits, and no more.
TRACK_API void track_abi_coroutine_suspended(uint32_t id, void* frame, track_stage stage,
                                             const char* file, const char* function,
                                             uint32_t line) {
  const auto told = static_cast<uint32_t>(stage);
  const bool known = told - 1 < static_cast<uint32_t>(ToldState::final);
  track::capture::told_suspended(id, address(frame),
                                 known ? static_cast<ToldState>(told) : ToldState::await, file,
                                 function, line);
}

TRACK_API void track_abi_coroutine_resumed(uint32_t id, void* frame) {
  track::capture::told_resumed(id, address(frame));
}

TRACK_API void track_abi_coroutine_waits_for(uint32_t id, void* frame, const void* object,
                                             uint32_t kind) {
  track::capture::told_waits_for(id, address(frame), address(object), kind);
}

TRACK_API int track_abi_coroutine_owns(uint32_t id, void* frame, const void* object) {
  return track::capture::told_owns(id, address(frame), address(object)) ? 1 : 0;
}

TRACK_API void track_abi_coroutine_awaited_by(uint32_t id, void* frame, void* awaiter) {
  track::capture::told_awaited_by(id, address(frame), address(awaiter));
}

TRACK_API void track_abi_coroutine_destroyed(uint32_t id, void* frame) {
  track::capture::told_destroyed(id, address(frame));
}
