// Locks that are held, and that frames of suspended coroutines refer to: lock guards that live
// across a co_await are part of the frame.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "cli/model/process_image.h"
#include "cli/model/trace.h"

namespace track::process {

class FrameLocks {
 public:
  // Both outlive it. Locks of threads that run are not looked for: they are about to
  // change. Who ends the process has left its frames.
  FrameLocks(Trace& trace, const ImageMemory& memory);
  // The words of a suspended coroutine's frame; adds to Trace::frame_locks.
  void look(const Coroutine& coroutine, std::span<const uint64_t> words);

 private:
  bool left_its_frames(const Thread& thread) const;
  void add(const Coroutine& coroutine, uint64_t lock, bool by_code);
  const std::vector<uint64_t>& stack_of(const Thread& thread);
  const std::vector<uint64_t>& named_by(const Coroutine& coroutine);

  Trace& trace_;
  const ImageMemory& memory_;
  std::unordered_map<uint64_t, const Thread*> holders_;              // by lock; null: it has ended
  std::unordered_map<const Thread*, std::vector<uint64_t>> stacks_;  // sorted words
  std::unordered_map<uint64_t, std::vector<uint64_t>> code_;         // resume -> locks in its code
};

}  // namespace track::process
