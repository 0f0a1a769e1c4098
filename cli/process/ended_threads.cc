#include "cli/process/ended_threads.h"

#include <algorithm>
#include <array>

#include "cli/process/memory.h"

namespace track::process {
namespace {

// glibc, x86-64: struct pthread, by words. It begins with tcbhead_t {tcb, dtv, self, ...}; the
// thread's number is 0 once it has ended and -1 when it was joined. What follows names the thread
// itself in one case alone: as its own joiner (joinid), when it is detached.
constexpr size_t kWords = 2304 / 8, kTcb = 0, kSelf = 2, kNumber = 720 / 8, kAfterNumber = 91;

using ControlBlock = std::array<uint64_t, kWords>;

int32_t number_in(const ControlBlock& block) {
  return static_cast<int32_t>(block[kNumber]);
}

bool names_itself(const ControlBlock& block, uint64_t address) {
  return block[kTcb] == address && block[kSelf] == address;
}

// A living thread shows whether this libc has its numbers there.
bool layout_is_known(const Trace& trace, const Memory& memory) {
  return std::any_of(trace.threads.begin(), trace.threads.end(), [&](const Thread& thread) {
    ControlBlock block;
    return thread.state != TaskState::ended && thread.pthread != 0 && thread.tid != 0 &&
           memory.read(thread.pthread, block.data(), sizeof block) &&
           names_itself(block, thread.pthread) && number_in(block) == thread.tid;
  });
}

bool taken_for_joinable(const Thread& thread) {
  return thread.state == TaskState::ended && !thread.main && !thread.joined && !thread.detached &&
         thread.pthread != 0;
}

void ask(Thread& thread, const Memory& memory) {
  ControlBlock block;
  // What is gone, or another thread's by now, was given back.
  if (!memory.read(thread.pthread, block.data(), sizeof block) ||
      !names_itself(block, thread.pthread)) {
    thread.joined = true;
    return;
  }
  const int32_t number = number_in(block);
  if (number != 0)
    thread.joined = number != thread.tid;  // else it is still on its way out
  else
    thread.detached =
        std::find(block.begin() + kAfterNumber, block.end(), thread.pthread) != block.end();
}

}  // namespace

void read_ended_threads(Trace& trace) {
  if (std::none_of(trace.threads.begin(), trace.threads.end(), taken_for_joinable)) return;
  const Memory memory(trace.pid);
  if (!layout_is_known(trace, memory)) return;
  for (Thread& thread : trace.threads)
    if (taken_for_joinable(thread)) ask(thread, memory);
}

}  // namespace track::process
