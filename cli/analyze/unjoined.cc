#include <algorithm>
#include <map>
#include <set>

#include "cli/analyze/group.h"
#include "cli/analyze/leaks.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

constexpr uint64_t kOldEnough = 1'000'000'000;  // in a process that runs on: it may still join

// What keeps "never joined" from being proved; empty: nothing does. Only main's own end shows that
// the program had its say: where another thread ended the process, main might have joined yet.
std::string doubt(const Trace& trace) {
  if (!trace.gone) return "the process runs on: it may still join";
  const bool over = trace.end == ProcessEnd::main_returned || trace.end == ProcessEnd::exit_called;
  if (!over)
    return std::string("the process did not end by itself (") + process_end_name(trace.end) +
           "): it may have joined later";
  const auto main = std::find_if(trace.threads.begin(), trace.threads.end(),
                                 [](const Thread& thread) { return thread.main; });
  if (main == trace.threads.end() || trace.exit_task != main->id)
    return "a thread other than main ended the process: main may have joined later";
  if (!trace.warnings.empty()) return "the recording is damaged";
  if (trace.lost.count("joins") != 0) return "a join or detach was seen whose thread is not known";
  return {};
}

bool never_joined(const Thread& thread) {
  return thread.state == TaskState::ended && !thread.main && !thread.joined && !thread.detached &&
         !thread.adopted && thread.joiner == 0;
}

// A thread that collects others, say: it had no more time to. Stuck ones would never have.
std::string who_may_join(const Trace& trace, const std::set<uint32_t>& stuck) {
  for (const Thread& thread : trace.threads)
    if (thread.state != TaskState::ended && !thread.main && stuck.count(thread.id) == 0)
      return thread_text(thread) + " was still there: it may have joined later";
  return {};
}

}  // namespace

std::vector<Finding> find_unjoined(const Trace& trace, const Symbols& symbols,
                                   const std::set<uint32_t>& stuck) {
  std::map<StackIndex, Finding> groups;
  std::map<StackIndex, uint64_t> first_end_ns;
  Places places(trace, symbols);
  for (const Thread& thread : trace.threads) {
    if (!never_joined(thread)) continue;
    const uint64_t since = thread.ended_ns != 0 && trace.taken_ns > thread.ended_ns
                               ? trace.taken_ns - thread.ended_ns
                               : 0;
    if (!trace.gone && since < kOldEnough) continue;
    const StackIndex created_at = places.of(thread.created_at);
    Finding& finding = groups[created_at];
    finding.count = finding.tasks.empty() ? 1 : finding.count + 1;
    finding.created_at = created_at;
    add_task(finding, trace, thread);
    uint64_t& oldest = first_end_ns[created_at];
    oldest = std::max(oldest, since);
  }
  const std::string why_not = doubt(trace);
  const bool proved = why_not.empty();
  const std::string joiner = proved ? who_may_join(trace, stuck) : "";
  std::vector<Finding> findings;
  for (auto& [stack, finding] : groups) {
    finding.rule = Rule::unjoined_thread;
    finding.evidence = !proved          ? Evidence::suspected
                       : joiner.empty() ? Evidence::proved
                                        : Evidence::likely;
    set_ages(finding);
    const bool one = finding.count == 1;
    finding.title = count_text(finding.count, "thread") + created_in(finding, trace, symbols) +
                    " ended and " + (one ? "was" : "were") + " never joined or detached" +
                    (trace.gone ? "" : " so far");
    finding.because.push_back((one ? "it ended " : "the first of them ended ") +
                              duration_text(first_end_ns[stack]) +
                              (trace.gone ? " before the process was last seen" : " ago") +
                              "; its stack and descriptor are kept until it is joined");
    if (proved)
      finding.because.push_back(std::string("the process is over (") + process_end_name(trace.end) +
                                "), and no pthread_join, pthread_detach or equal was seen for " +
                                (one ? "it" : "them"));
    else
      finding.because.push_back(why_not);
    if (!joiner.empty()) finding.because.push_back("doubt: " + joiner);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace track::analyze
