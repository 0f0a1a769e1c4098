#include "libtrack/control/exec.h"

#include "libtrack/core/recording.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/text.h"

namespace track::control {

// Behind a system-call filter nobody can tell whether this is a vfork child: nothing is said then.
ExecAttempt::ExecAttempt(const char* program)
    : said_(core::recording_is_ours() && !sys::filtered.load(std::memory_order_relaxed) &&
            core::recording.pid == sys::pid()) {
  if (!said_) return;
  wire::Header& header = *core::recording.header;
  core::Text(header.exec_program, sizeof header.exec_program)
      .add(program != nullptr ? program : "");
  header.execs.fetch_add(1, std::memory_order_release);
  core::refresh_clock(sys::ticks());
}

ExecAttempt::~ExecAttempt() {
  if (said_) core::recording.header->execs.fetch_sub(1, std::memory_order_release);
}

}  // namespace track::control
