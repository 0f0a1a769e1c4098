#include "cli/verbs/hang_section.h"

#include "cli/analyze/blockers.h"
#include "cli/analyze/edge_teller.h"
#include "cli/analyze/retention.h"
#include "cli/model/await_chain.h"
#include "cli/model/told_waits.h"

namespace track::verbs {
namespace {

std::string cycle_text(const Trace& trace, const std::vector<size_t>& cycle) {
  std::string text;
  for (const size_t member : cycle) {
    const Coroutine& coroutine = trace.coroutines[member];
    text += (text.empty() ? "" : ", awaited by ") + std::to_string(coroutine.id) + " (" +
            suspended_text(trace, coroutine) + ")";
  }
  return text + ", awaited by " + std::to_string(trace.coroutines[cycle.front()].id);
}

// Who refers to what these threads wait on.
std::string known_to(const ProcessReport& process, const Fixpoint& fixpoint,
                     const std::vector<size_t>& threads) {
  for (const size_t thread : threads)
    if (const auto* path = analyze::way_to_object(fixpoint, process.trace.threads[thread]);
        path != nullptr && !analyze::only_itself(*path, process.symbols))
      return analyze::retention_line(
          analyze::retention_words(*path, process.trace, process.symbols));
  return {};
}

}  // namespace

bool about_hanging(Rule rule) {
  return rule == Rule::deadlock || rule == Rule::stuck_task || rule == Rule::lock_across_await ||
         rule == Rule::pool_exhausted;
}

write::HangSection hang_section(const ProcessReport& process, const Fixpoint& fixpoint) {
  write::HangSection section;
  const Trace& trace = process.trace;
  const analyze::HangView view = analyze::view_hang(trace);
  const analyze::EdgeTeller teller(trace, process.symbols);
  section.running = view.running;
  for (const analyze::Blocker& blocker : view.blockers) {
    write::HeldUp held;
    held.thread = blocker.thread;
    held.blocked = blocker.blocked.size();
    for (const analyze::WaitEdge& edge : blocker.nearest) held.because.push_back(teller.tell(edge));
    section.held_up.push_back(std::move(held));
  }
  for (const analyze::SharedWait& wait : view.waits)
    section.waits.push_back({wait.kind, wait.object, wait.timed, wait.threads,
                             known_to(process, fixpoint, wait.threads),
                             told_object_text(trace, trace.threads[wait.threads.front()].wait)});
  for (const analyze::AwaitStand& stand : view.stands) {
    write::Standing standing;
    const std::string function = stand.function < trace.functions.size()
                                     ? short_function(trace.functions[stand.function])
                                     : std::string();
    const std::string where = await_text(trace, stand.await_point);
    standing.where = (function.empty() ? "an unknown function" : function) +
                     (where.empty() ? "" : " at " + where);
    standing.count = stand.count;
    standing.awaiting = stand.awaiting;
    standing.threads = stand.threads;
    section.standing.push_back(std::move(standing));
  }
  for (const std::vector<size_t>& cycle : view.await_cycles)
    section.await_cycles.push_back(cycle_text(trace, cycle));
  return section;
}

}  // namespace track::verbs
