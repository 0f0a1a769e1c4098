// Reads suspended coroutine frames of a process or core: where each one stands, and who awaits
// whom. Nothing is stopped; a frame that runs on meanwhile gives the point it was at.
#pragma once

#include <cstdint>
#include <functional>

#include "cli/model/await_point.h"
#include "cli/model/frame_shape.h"
#include "cli/model/process_image.h"
#include "cli/model/trace.h"

namespace track::process {

// What symbols, debug information and code say of the coroutine with these functions.
struct CoroutineLookup {
  std::function<FrameShape(uint64_t resume, uint64_t destroy)> shape;
  std::function<AwaitPoint(uint64_t resume, uint64_t destroy, uint64_t index)> point;
  // How many bytes of a frame its code uses, of one whose size is not known otherwise; may be
  // missing.
  std::function<uint32_t(uint64_t resume, uint64_t destroy)> used_bytes;
};

// After inspect_coroutines or find_coroutines. Fills Trace::await_points, Trace::frame_locks and of
// each coroutine await_point, awaited_by and awaits. Does nothing when the memory cannot be read.
void read_await_points(Trace& trace, const ImageMemory& memory, const CoroutineLookup& lookup);

}  // namespace track::process
