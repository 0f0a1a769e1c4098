#include "cli/write/gaps.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/model/words.h"
#include "cli/write/text.h"

namespace track::write {
namespace {

std::string unseen_end(const ProcessReport& process, bool run_is_over) {
  const Trace& trace = process.trace;
  if (!trace.executed.empty())
    return "its end was not seen: it executed " + trace.executed + ", which was not tracked";
  if (unrecorded(process)) return unrecorded_text(trace);
  if (cut_short(process))
    return "it was cut short (" + process_end_text(trace) +
           "): what it would have left behind is not known";
  if (trace.end == ProcessEnd::timed_out)
    return "the time was up: it was judged while it ran, and then ended";
  if (trace.end == ProcessEnd::unseen && !trace.superseded)
    return "its end was not seen: a raw system call, or exec of an untracked program";
  if (run_is_over && !trace.gone) return "it still ran when the run was over";
  return {};
}

}  // namespace

std::string unrecorded_text(const Trace& trace) {
  uint64_t asleep = 0;
  std::map<std::string, uint64_t> kinds;
  for (const Thread& thread : trace.threads) {
    if (thread.state != TaskState::blocked) continue;
    ++asleep;
    ++kinds[wait_kind_name(thread.wait.kind)];
  }
  std::string text = "a core file has no recording";
  if (asleep == 0) return text;
  text += ", and of " + count_text(asleep, "thread") + " asleep (";
  const char* between = "";
  for (const auto& [kind, count] : kinds) {
    text += fmt::format("{}{} {}", between, grouped(count), kind);
    between = ", ";
  }
  return text + ") it does not say since when, nor who would wake " + (asleep == 1 ? "it" : "them");
}

bool unrecorded(const ProcessReport& process) {
  return process.trace.gone && !process.trace.prepared;
}

bool cut_short(const ProcessReport& process) {
  const ProcessEnd end = process.trace.end;
  return process.trace.gone && !process.trace.superseded &&
         (end == ProcessEnd::killed || end == ProcessEnd::aborted || end == ProcessEnd::unknown);
}

std::vector<std::string> gaps(const Report& report) {
  if (report.processes.empty() && report.clean.count == 0 && report.unknown.empty())
    return {"nothing was seen: there is no record"};
  // A look at living processes is no run that has to end.
  const bool run_is_over =
      std::any_of(report.processes.begin(), report.processes.end(),
                  [](const ProcessReport& process) { return process.trace.gone; });
  std::vector<std::string> result = report.unknown;
  for (const ProcessReport& process : report.processes) {
    const Trace& trace = process.trace;
    const std::string who = fmt::format("process {} ({}): ", trace.pid, base_name(trace.program));
    if (const std::string end = unseen_end(process, run_is_over); !end.empty())
      result.push_back(who + end);
    if (const std::string loss = loss_text(trace); !loss.empty())
      result.push_back(who + "lost " + loss);
    for (const std::string& warning : trace.warnings)
      result.push_back(who + "damaged record: " + warning);
  }
  return result;
}

}  // namespace track::write
