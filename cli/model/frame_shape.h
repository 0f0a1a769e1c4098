// What is known of the frames of one coroutine function, wherever they lie. Plain data.
#pragma once

#include <cstdint>

namespace track {

struct FrameShape {
  bool gcc = false;
  uint32_t index_offset = 0;  // of the suspend index; 0 = not known
  uint8_t index_bytes = 0;
  uint32_t self_offset = 0;  // GCC: a handle of the frame itself, right behind the promise
  uint32_t promise_offset = 16;
  uint32_t promise_bytes = 0;  // 0 = not known
  uint32_t frame_bytes = 0;    // 0 = not known
  uint32_t points = 0;         // how many suspend indexes are known
};

// How much two functions look like those that clang makes of a coroutine; a state machine that was
// written by hand may look the same.
enum class FrameLikeness : uint8_t { none, alike, strong };

struct FrameFunctions {
  FrameLikeness likeness = FrameLikeness::none;
  uint32_t freed_bytes = 0;  // what destroy says of the frame's size; 0 = nothing
  uint32_t used_bytes = 0;   // what the two use of it: it has at least as many
};

}  // namespace track
