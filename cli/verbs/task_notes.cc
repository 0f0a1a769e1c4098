#include "cli/verbs/task_notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "cli/analyze/blockers.h"
#include "cli/analyze/retention.h"
#include "cli/analyze/wait_graph.h"
#include "cli/model/symbols.h"
#include "cli/model/told_waits.h"

namespace track::verbs {
namespace {

// Following what each waits for leads back to it.
bool on_cycle(const analyze::WaitGraph& graph, size_t start) {
  constexpr int kLongest = 1000;
  size_t at = start;
  for (int n = 0; n < kLongest && !graph.edges[at].empty(); ++n) {
    at = graph.edges[at].front().owner;
    if (at == start) return true;
  }
  return false;
}

}  // namespace

write::TaskNotes task_notes(const Loaded& loaded) {
  constexpr size_t kListed = 3;
  write::TaskNotes notes;
  const Trace& trace = loaded.report.trace;
  const analyze::WaitGraph graph = analyze::build_wait_graph(trace);
  for (size_t i = 0; i < graph.edges.size(); ++i) {
    const std::vector<analyze::WaitEdge>& edges = graph.edges[i];
    if (edges.empty()) {
      if (std::string told = told_object_text(trace, trace.threads[i].wait); !told.empty())
        notes.waits_for[trace.threads[i].id] = std::move(told);
      continue;
    }
    std::string& text = notes.waits_for[trace.threads[i].id];
    for (size_t k = 0; k < std::min(edges.size(), kListed); ++k)
      text += (k == 0 ? "" : ", ") +
              (edges[k].fiber != 0 ? "fiber " + std::to_string(edges[k].fiber) + " of " : "") +
              thread_text(trace.threads[edges[k].owner]);
    if (edges.size() > kListed) text += fmt::format(" and {} more", edges.size() - kListed);
    if (const Coroutine* holder = analyze::holding_coroutine(trace, trace.threads[i].wait.object,
                                                             trace.threads[edges[0].owner].id))
      text += " (coroutine " + std::to_string(holder->id) + " holds the lock)";
    if (on_cycle(graph, i)) text += ", in a cycle";
  }
  const auto path_text = [&](uint32_t retention) {
    if (retention >= loaded.fixpoint.retentions.size()) return std::string();
    return analyze::retention_line(analyze::retention_words(loaded.fixpoint.retentions[retention],
                                                            trace, loaded.report.symbols));
  };
  for (const Thread& thread : trace.threads)
    if (thread.wait.kind == WaitKind::read || thread.wait.kind == WaitKind::write)
      if (const std::string channel = channel_text(trace.channels, thread.wait.object);
          !channel.empty())
        notes.waits_for[thread.id] = fmt::format("descriptor {} ({})", thread.wait.object, channel);
  std::unordered_map<uint64_t, const Kept*> kept;
  for (const Kept& one : loaded.fixpoint.kept) kept[one.address] = &one;
  for (const Coroutine& coroutine : trace.coroutines)
    if (const auto known = kept.find(coroutine.address);
        known != kept.end() && known->second->created_ticks == coroutine.created_ticks)
      notes.kept_by[coroutine.id] = path_text(known->second->retention);
  std::unordered_map<uint32_t, std::string> objects;
  for (const StuckThread& waiting : loaded.fixpoint.waiting)
    if (waiting.known_to != 0 && waiting.known_to <= loaded.fixpoint.retentions.size() &&
        !analyze::only_itself(loaded.fixpoint.retentions[waiting.known_to - 1],
                              loaded.report.symbols))
      objects[waiting.id] = path_text(waiting.known_to - 1);
  for (const Thread& thread : trace.threads)
    if (const auto known = objects.find(thread.id);
        known != objects.end() && thread.state == TaskState::blocked)
      notes.object_kept_by[thread.id] = known->second;
  for (const KeptFiber& kept : loaded.fixpoint.kept_fibers)
    for (const Fiber& fiber : trace.fibers)
      if (fiber.id == kept.id && fiber.switches == kept.switches)
        notes.fiber_kept_by[fiber.id] = path_text(kept.retention);
  return notes;
}

}  // namespace track::verbs
