// One coroutine function as its compiler made it: the shape of its frames, and for each suspend
// index the line of the co_await. The methods are tried in the order of AwaitMethod; a line that is
// only near the co_await says so. Answers are cached. One thread at a time.
#pragma once

#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "cli/model/await_point.h"
#include "cli/model/frame.h"
#include "cli/model/frame_shape.h"
#include "cli/symbolize/coroutine_frame.h"
#include "cli/symbolize/machine_code.h"
#include "cli/symbolize/suspend_code.h"

namespace track::symbolize {

// Source-level frames at an address, innermost first.
using FramesAt = std::function<std::vector<Frame>(uint64_t address)>;

class CoroutineCode {
 public:
  // `body` may be empty: the extent of the resume function is not known; so may `ramp`, the
  // function as the user called it, when every call of it was inlined. `code` must outlive it.
  CoroutineCode(MachineCode& code, FramesAt frames_at, std::vector<CodeRange> body, CodeRange ramp,
                uint64_t destroy, FrameLayout layout);

  FrameShape shape() const;
  const FrameLayout& layout() const { return layout_; }
  // Of a suspended frame (its resume function is not null) with this suspend index.
  const AwaitPoint& point(uint64_t index);

 private:
  struct Place {
    std::string file;
    uint32_t line = 0;
    uint32_t awaited_line = 0;  // where await_suspend or await_resume was called, if this is in one
    bool operator==(const Place& other) const { return file == other.file && line == other.line; }
  };

  AwaitPoint work_out(uint64_t index);
  AwaitStage stage_of(uint64_t index);
  const Place& place(uint64_t address);
  void measure();
  std::vector<uint64_t> flow_from(uint64_t address, int most);
  std::optional<Place> suspend_side(uint64_t index);
  std::optional<Place> in_ramp();
  std::optional<Place> place_of_store(uint64_t address);
  std::optional<Place> resume_side(uint64_t index, bool& exact);
  std::string awaiter_type(uint64_t index) const;
  bool edge(const Place& place) const { return place == declared_ || place == closing_; }

  MachineCode& code_;
  FramesAt frames_at_;
  std::vector<CodeRange> body_;
  CodeRange ramp_;
  FrameLayout layout_;
  SuspendCode suspend_;
  bool measured_ = false;
  Place declared_, closing_;
  std::unordered_map<uint64_t, Place> places_;
  std::unordered_map<uint64_t, AwaitPoint> points_;
};

}  // namespace track::symbolize
