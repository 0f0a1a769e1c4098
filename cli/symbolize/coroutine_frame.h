// What DWARF says about a coroutine's frame, asked at its resume function: GCC describes it as the
// type `<ramp>.Frame`, clang up to 18 as `<ramp>.coro_frame_ty`; later clang keeps no more than the
// promise's type.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/model/frame_shape.h"
#include "cli/symbolize/frame_walk.h"
#include "cli/symbolize/function_names.h"

namespace track::symbolize {

struct FrameMember {
  std::string name;
  std::string type;
  uint32_t offset = 0;
  uint32_t bytes = 0;
};

// A suspension point that the compiler wrote down (clang 21: DW_TAG_label __coro_resume_N).
struct LabelledPoint {
  std::string file;
  uint32_t line = 0;
};

// Whether the promise's initial_suspend suspends, as far as its type says.
enum class Start : uint8_t { unknown, lazy, eager };

struct FrameLayout {
  std::optional<FrameField> index;
  std::string promise_type;
  Start start = Start::unknown;
  uint32_t declared_line = 0;  // of the coroutine function; 0 = not known
  uint32_t promise_offset = 16;
  uint32_t promise_bytes = 0;
  uint32_t self_offset = 0;
  uint32_t frame_bytes = 0;
  std::vector<FrameMember> members;          // those that belong to the user's code
  std::map<uint64_t, LabelledPoint> labels;  // by suspend index
};

// `function`: the entry of the resume function.
FrameLayout frame_layout(Dwarf_Die function, FunctionNames& names);

}  // namespace track::symbolize
