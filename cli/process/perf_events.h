// CPU time of a process's threads, sampled from outside by the kernel: perf_event_open on the task
// clock, with the registers and a piece of the stack of each sample. Nothing happens in the
// process: no signal, no stop, no library. Threads that begin meanwhile are sampled too.
//
// Where the kernel permits it (kernel.perf_event_paranoid at most 1, or privileges) time inside
// system calls counts, as its caller's; else only the program's own.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "cli/model/process_image.h"

namespace track::process {

struct PerfSample {
  int32_t pid = 0, tid = 0;
  Registers registers;               // of the program's own code
  std::span<const std::byte> stack;  // from its rsp on; until the next sample
};

class PerfEvents {
 public:
  // Starts at once. Throws Error: no such process, or not permitted, with what forbids it and what
  // else to do.
  PerfEvents(pid_t pid, uint64_t period_ns);
  ~PerfEvents();
  PerfEvents(const PerfEvents&) = delete;
  PerfEvents& operator=(const PerfEvents&) = delete;

  // Waits for samples, at most so long, and hands on those that are there.
  void read(int timeout_ms, const std::function<void(const PerfSample&)>& use);

  bool system_time() const;  // inside system calls too
  uint64_t lost() const;     // samples that the kernel had no room for
  uint64_t refused() const;  // threads that could not be sampled: too few descriptors

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace track::process
