#include "cli/model/wait_text.h"

#include "cli/model/channel.h"
#include "cli/model/finding.h"
#include "cli/model/told_waits.h"

namespace track {

// Descriptors and processes are numbers, locks have addresses, and a sleep has neither.
std::string wait_text(const Trace& trace, const Symbols& symbols, WaitKind kind, uint64_t object) {
  const std::string name = wait_kind_name(kind);
  if (object == 0) return name;
  if (kind == WaitKind::process) return name + " " + std::to_string(object);
  if (kind > WaitKind::futex && !is_told(kind)) {
    const std::string channel = channel_text(trace.channels, object);
    return name + " of descriptor " + std::to_string(object) +
           (channel.empty() ? "" : " (" + channel + ")");
  }
  return object_text(symbols, name, object);
}

}  // namespace track
