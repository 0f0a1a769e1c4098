// Stacks from outside: libunwind's remote unwinding over the memory and the modules of an image.
// Tables come from the modules' .eh_frame_hdr as mapped, so no file is opened and nothing on disk
// can disagree with what runs.
//
// One thread at a time. The image must outlive the unwinder. Of memory that changes meanwhile the
// result may be wrong or short, never a crash or a loop.
#pragma once

#include <array>
#include <functional>
#include <memory>

#include "cli/model/process_image.h"
#include "cli/model/trace.h"

namespace track::process {

// One frame of a walk, for who wants more than addresses.
struct WalkedFrame {
  uint64_t address = 0;   // as in the stack
  uint64_t function = 0;  // where it begins, by the unwind table; 0 = not known
  uint64_t low = 0;       // of its part of the stack
  uint64_t high = 0;      // 0 = not known
  // rbx, rbp, r12 to r15 as this frame has them; 0 = not known.
  std::array<uint64_t, 6> kept{};
};
using FrameVisitor = std::function<void(const WalkedFrame&)>;

class Unwinder {
 public:
  explicit Unwinder(const ProcessImage& image);
  ~Unwinder();
  Unwinder(const Unwinder&) = delete;
  Unwinder& operator=(const Unwinder&) = delete;

  // Leaf first, as return addresses: an interrupted instruction's address is given plus one, so
  // that "the call before it" is the instruction itself. interrupted: rip is such an address.
  // `truncated` when the walk did not reach the thread's first function.
  Stack unwind(const Registers& registers, bool interrupted, const FrameVisitor& visit = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace track::process
