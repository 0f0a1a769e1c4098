// waits.h: publishes what the running thread is blocked on, for the time it may be.
//
//   WaitScope would need a destructor, and a destructor on a forced unwind (pthread_cancel) or a
//   longjmp is trouble; so begin and end are plain calls. A wait that never sees its end
//   (cancelled, jumped out of) is replaced by the thread's next one and cleared when the thread
//   ends.
//
// A wait begun inside another one (a signal handler that blocks) is saved and put back.
#pragma once

#include <cstdint>

#include "libtrack/capture/handoffs.h"
#include "libtrack/core/thread_state.h"
#include "libtrack/wire/contention.h"
#include "libtrack/wire/tables.h"

namespace track::capture {

using wire::WaitKind;

struct WaitRequest {
  WaitKind kind;
  uint8_t flags = 0;
  const volatile void* object = nullptr;
  const volatile void* mutex = nullptr;
  int32_t owner_tid = 0;
};

struct OpenWait {
  wire::ThreadSlot* slot = nullptr;  // null: nothing was published
  uint64_t since_ticks;
  uint64_t object;
  uint32_t stack = 0;  // also where nothing was published
  WaitKind kind;
  bool nested = false;
  WaiterPlace place = {}, outer_place = {};
  wire::ContentionSlot* cost;  // where it is added up; null: nowhere
  wire::Wait outer;
};

// registers: of the interposer's own frame; its callers are the blocked-at stack.
void begin_wait(OpenWait& open, const WaitRequest& request, const core::Registers& registers);
// granted: it ended as it should; not by its limit, a signal or an error.
void end_wait(OpenWait& open, bool granted = true);

inline const void* descriptor(long fd) {
  return reinterpret_cast<const void*>(fd);
}

// Runs a blocking call between begin and end, in the interposer's frame. errno is the call's.
#define TRACK_WAIT(open, ...)                                          \
  ::track::capture::OpenWait open;                                     \
  {                                                                    \
    ::track::core::Registers open##_registers;                         \
    TRACK_GET_REGISTERS(open##_registers);                             \
    ::track::capture::begin_wait(open, __VA_ARGS__, open##_registers); \
  }

}  // namespace track::capture
