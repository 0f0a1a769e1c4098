// Where CPU time went, by stack: as the recording kept it (cpu=HZ), or as samples from outside say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace track {

struct CpuRow {
  uint32_t stack = 0;  // into Trace::stacks, its first address the interrupted code; 0: inside the
                       // tracker
  bool on_fiber = false;
  // Into Trace::stacks: what created the fiber, or, where the stack goes on with who awaits a
  // coroutine, the outermost one of these. 0 = not known.
  uint32_t created_at = 0;
  uint64_t count = 0;
};

enum class CpuRecord : uint8_t {
  off,        // nobody asked for it
  sampling,   // by timers of each thread's CPU time, in the process
  no_signal,  // the program uses every real-time signal: stopped
  filtered,   // the program filters its system calls: stopped
  taken,      // the program's own handler took the signal: stopped
  outside,    // by `track`, through the kernel's perf events
};

struct CpuTable {
  CpuRecord record = CpuRecord::off;
  uint64_t period_ns = 0;    // of CPU time, for each sample
  uint32_t signal = 0;       // the one in use
  uint64_t duration_ns = 0;  // outside: how long was looked
  uint64_t lost = 0;         // samples that found no room
  uint64_t unseen = 0;       // samples due while the thread had the signal blocked
  uint64_t refused = 0;      // threads that could not be sampled
  std::string how;           // outside: which clock, and whose time
  std::vector<CpuRow> rows;
};

// "99 samples a second of each thread's CPU time, signal 58"; empty when it is off.
std::string cpu_text(const CpuTable& cpu);

}  // namespace track
