// Where a coroutine stands, as told by its frame and the code that made it. Plain data.
#pragma once

#include <cstdint>
#include <string>

namespace track {

enum class AwaitStage : uint8_t {
  unknown,
  initial,  // suspended before its first statement
  await,    // at a co_await or co_yield
  final,    // finished, waits to be destroyed
};

// How the line was found, best first.
enum class AwaitMethod : uint8_t {
  none,          // no line
  told,          // by the program itself: track/coroutine.h
  label,         // the compiler wrote it down (clang 21)
  dwarf,         // the call of await_suspend or await_resume that belongs to the point
  suspend_side,  // the line of the instruction that stores the suspend index
  resume_side,   // the line where it would go on: near the co_await, seldom the very line
};

struct AwaitPoint {
  AwaitStage stage = AwaitStage::unknown;
  AwaitMethod method = AwaitMethod::none;
  bool exact = false;     // false: only near the line
  uint32_t line = 0;      // 0 = unknown
  uint32_t function = 0;  // into Trace::functions
  uint32_t index = 0;     // the suspend index, as the compiler counts
  std::string file;
  std::string promise_type;  // empty = unknown
  std::string awaiter_type;  // what is awaited; empty = unknown
};

const char* await_method_name(AwaitMethod method);  // "suspend side", "label", ...
const char* await_stage_name(AwaitStage stage);     // "initial", "await", ...

}  // namespace track
