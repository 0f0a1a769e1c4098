#include "cli/verbs/untracked.h"

#include <sys/syscall.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "cli/analyze/deadlock.h"
#include "cli/analyze/fixpoint.h"
#include "cli/analyze/keepers.h"
#include "cli/analyze/wait_place.h"
#include "cli/model/error.h"
#include "cli/process/channel_ends.h"
#include "cli/process/find_frames.h"
#include "cli/process/image.h"
#include "cli/process/live_memory.h"
#include "cli/process/named_functions.h"
#include "cli/process/picture.h"
#include "cli/process/proc.h"
#include "cli/process/running.h"
#include "cli/process/schedule.h"
#include "cli/process/stale_frames.h"
#include "cli/process/untracked.h"
#include "cli/verbs/names.h"

namespace track::verbs {
namespace {

ProcessReport report_of(ProcessImage& image, const SymbolSettings& settings) {
  ProcessReport report;
  report.trace = process::trace_of(image);
  Names names(report.trace, settings, image.core ? 0 : image.pid);
  process::name_waits(report.trace, image, names.function_lookup());
  if (std::any_of(report.trace.threads.begin(), report.trace.threads.end(),
                  [](const Thread& thread) { return analyze::waits_on_owner(thread.wait.kind); }))
    report.trace.stack_switcher = process::stack_switcher(image);
  if (!image.core) process::note_channels(report.trace);
  process::find_coroutines(report.trace, image, names.code_lookup());
  process::read_await_points(report.trace, *image.memory, names.coroutine_lookup());
  process::drop_stale(report.trace, image);
  process::find_running(report.trace, image, names.code_names());
  report.symbols = names.resolve(report.trace);
  return report;
}

analyze::Fixpoint fixpoint_of(const ProcessImage& image, const Trace& trace, bool memory) {
  return analyze::find_fixpoint(trace, process::gather_picture(image, trace), memory);
}

void name(analyze::Fixpoint& fixpoint, const ProcessImage& image, const SymbolSettings& settings,
          ProcessReport& report) {
  if (fixpoint.retentions.empty() && fixpoint.leaked.empty()) return;
  Names names(report.trace, settings, image.core ? 0 : image.pid);
  names.name_types(fixpoint, *image.memory);
  names.name_objects(report.trace, fixpoint, report.symbols);
}

// What can never go on does not move. When some of it did, nothing of the proof can be believed.
bool moved(pid_t pid, const ProcessReport& report, const analyze::Fixpoint& proof) {
  std::this_thread::sleep_for(kSecondLook);
  const Trace& trace = report.trace;
  for (const analyze::StuckThread& stuck : proof.threads) {
    const auto thread = std::find_if(trace.threads.begin(), trace.threads.end(),
                                     [&](const Thread& t) { return t.id == stuck.id; });
    if (thread == trace.threads.end()) return true;
    const process::SystemCall now = process::system_call(pid, thread->tid);
    // A poll that was held goes on as the kernel's own restart.
    if (now.state != process::SystemCall::State::waiting ||
        (now.number != thread->system_call && now.number != SYS_restart_syscall))
      return true;
  }
  const process::LiveMemory memory(pid);
  for (const analyze::Orphan& orphan : proof.coroutines) {
    const auto frame =
        std::lower_bound(trace.coroutines.begin(), trace.coroutines.end(), orphan.address,
                         [](const Coroutine& c, uint64_t address) { return c.address < address; });
    uint64_t head[2] = {};
    if (frame == trace.coroutines.end() || frame->address != orphan.address ||
        memory.read_some(orphan.address, head, sizeof head) != sizeof head ||
        head[0] != frame->resume || head[1] != frame->destroy)
      return true;
  }
  return false;
}

// What two looks apart found, and one instant confirmed: the report is then of that instant.
void prove(pid_t pid, const SymbolSettings& settings, const ProcessImage& seen, Loaded& loaded) {
  const Trace& trace = loaded.report.trace;
  if (!settings.memory && !analyze::has_suspects(trace)) return;
  const analyze::Fixpoint candidates = fixpoint_of(seen, trace, settings.memory);
  // Who keeps what needs no proof.
  loaded.fixpoint = analyze::only_keepers(candidates);
  name(loaded.fixpoint, seen, settings, loaded.report);
  if (!settings.pause) {
    loaded.fixpoint.not_visible.emplace_back(
        "one instant of the process's memory (--no-pause): no stuck task or orphaned coroutine "
        "can be told");
    return;
  }
  if (candidates.empty()) return;
  ProcessImage held;
  try {
    held = process::stop_process(pid);
  } catch (const Error& error) {
    loaded.fixpoint.not_visible.push_back(
        std::string("one instant of the process's memory, so that stuck tasks are not proved: ") +
        error.what());
    return;
  }
  ProcessReport report = report_of(held, settings);
  analyze::Fixpoint proof = fixpoint_of(held, report.trace, settings.memory);
  analyze::keep_common(proof, candidates);
  loaded.fixpoint.held_ns = held.pause_ns;
  loaded.fixpoint.pause_for = held.pause_for;
  if (proof.empty() || moved(pid, report, proof)) return;
  if (settings.schedules) process::read_schedules(report.trace);
  loaded.report = std::move(report);
  loaded.fixpoint = std::move(proof);
  loaded.deadlocks = analyze::find_deadlocks(loaded.report.trace, loaded.report.symbols);
  name(loaded.fixpoint, held, settings, loaded.report);
}

void confirm_deadlocks(pid_t pid, const SymbolSettings& settings, Loaded& loaded) {
  loaded.deadlocks = analyze::find_deadlocks(loaded.report.trace, loaded.report.symbols);
  if (loaded.deadlocks.findings.empty()) return;
  std::this_thread::sleep_for(kSecondLook);
  ProcessImage again = process::look_at_process(pid);
  Trace later = process::trace_of(again);
  Names names(later, settings, pid);
  process::name_waits(later, again, names.function_lookup());
  later.stack_switcher = loaded.report.trace.stack_switcher;
  if (analyze::find_deadlocks(later, loaded.report.symbols).findings.empty())
    loaded.deadlocks = {};
  else
    analyze::keep_unmoved(loaded.deadlocks, loaded.report.trace, later);
}

}  // namespace

Loaded load_untracked(pid_t pid, const SymbolSettings& settings, bool confirm) {
  Loaded loaded;
  ProcessImage image = process::look_at_process(pid);
  loaded.report = report_of(image, settings);
  if (settings.schedules) process::read_schedules(loaded.report.trace);
  if (!confirm) return loaded;
  confirm_deadlocks(pid, settings, loaded);
  prove(pid, settings, image, loaded);
  analyze::doubt_waits(loaded.deadlocks, loaded.report.trace, loaded.fixpoint);
  return loaded;
}

Loaded load_core(const std::string& path, const SymbolSettings& settings, bool confirm) {
  Loaded loaded;
  ProcessImage image = process::read_core(path, settings.sysroot);
  loaded.report = report_of(image, settings);
  if (!confirm) return loaded;
  Trace& trace = loaded.report.trace;
  loaded.deadlocks = analyze::find_deadlocks(trace, loaded.report.symbols);
  if (settings.memory || analyze::has_suspects(trace))
    loaded.fixpoint = fixpoint_of(image, trace, settings.memory);
  analyze::doubt_waits(loaded.deadlocks, trace, loaded.fixpoint);
  name(loaded.fixpoint, image, settings, loaded.report);
  return loaded;
}

}  // namespace track::verbs
