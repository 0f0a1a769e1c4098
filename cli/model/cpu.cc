#include "cli/model/cpu.h"

#include "cli/model/words.h"

namespace track {
namespace {

std::string rate_text(const CpuTable& cpu) {
  if (cpu.period_ns == 0) return "samples";
  constexpr uint64_t kSecond = 1'000'000'000;
  return count_text((kSecond + cpu.period_ns / 2) / cpu.period_ns, "sample") + " a second";
}

}  // namespace

std::string cpu_text(const CpuTable& cpu) {
  std::string text;
  switch (cpu.record) {
    case CpuRecord::off:
      return text;
    case CpuRecord::sampling:
      text = rate_text(cpu) + " of each thread's CPU time, in the process, by signal " +
             std::to_string(cpu.signal);
      break;
    case CpuRecord::no_signal:
      text = "sampling stopped: the program uses every real-time signal itself";
      break;
    case CpuRecord::filtered:
      text = "sampling stopped: the program filters its system calls";
      break;
    case CpuRecord::taken:
      text = "sampling stopped: the program's own handler took the signal";
      break;
    case CpuRecord::outside:
      text = rate_text(cpu) + " of each thread's CPU time, from outside, by " + cpu.how;
      break;
  }
  if (cpu.lost != 0) text += "; " + count_text(cpu.lost, "sample") + " lost";
  if (cpu.unseen != 0)
    text += "; " + count_text(cpu.unseen, "sample") +
            " not taken while threads had the signal blocked (`track profile cpu PID` sees those)";
  if (cpu.refused != 0) text += "; " + count_text(cpu.refused, "thread") + " could not be sampled";
  return text;
}

}  // namespace track
