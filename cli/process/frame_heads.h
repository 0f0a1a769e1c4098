// The first two words of a coroutine frame are its resume and destroy functions. A pair is a
// frame's when symbols say so, when destroy is GCC's stub that jumps to resume, or when the code of
// both is what GCC makes of them.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "cli/model/process_image.h"
#include "cli/model/trace.h"
#include "cli/process/observe.h"

namespace track::process {

struct FrameHead {
  uint64_t resume = 0;
  uint64_t destroy = 0;
  bool operator==(const FrameHead&) const = default;
};

struct FrameVerdict {
  bool frame = false;
  bool done = false;
  FrameCertainty certainty = FrameCertainty::recorded;
  uint32_t function = 0;     // into Trace::functions
  uint32_t freed_bytes = 0;  // of a frame that no symbol and no GCC tells: what destroy says
  uint32_t used_bytes = 0;   // the same: how many it has at least
};

// Whether a block of that many bytes, or a few less, may be the frame, as far as destroy tells.
inline bool fits_block(const FrameVerdict& verdict, uint32_t least, uint32_t most) {
  if (verdict.freed_bytes == 0) return verdict.used_bytes <= most;
  return verdict.freed_bytes <= most &&
         (verdict.freed_bytes >= least || verdict.certainty >= FrameCertainty::shaped);
}

// Remembers what it found out about each pair. memory may be null: names alone decide then.
class FrameJudge {
 public:
  FrameJudge(Trace& trace, const ImageMemory* memory, const CodeLookup& code);
  const FrameVerdict& of(const FrameHead& head);

 private:
  struct Hash {
    size_t operator()(const FrameHead& head) const {
      return (head.resume * 0x9e3779b97f4a7c15u) ^ (head.destroy + (head.resume >> 29));
    }
  };
  uint32_t intern(const std::string& function);
  FrameVerdict judge(const FrameHead& head);
  const PairCode& code_of(const FrameHead& head) const;

  Trace& trace_;
  const ImageMemory* memory_;
  const CodeLookup& code_;
  std::unordered_map<FrameHead, FrameVerdict, Hash> known_;
  std::unordered_map<std::string, uint32_t> functions_;
};

}  // namespace track::process
