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

}  // namespace track
