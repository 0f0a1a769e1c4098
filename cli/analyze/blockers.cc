#include "cli/analyze/blockers.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace track::analyze {
namespace {

using Waiters = std::vector<std::vector<WaitEdge>>;  // by owner

std::vector<size_t> all_behind(const Waiters& waiters, size_t root) {
  std::vector<bool> seen(waiters.size(), false);
  std::vector<size_t> todo{root}, result;
  seen[root] = true;
  while (!todo.empty()) {
    const size_t at = todo.back();
    todo.pop_back();
    for (const WaitEdge& edge : waiters[at]) {
      if (seen[edge.waiter]) continue;
      seen[edge.waiter] = true;
      result.push_back(edge.waiter);
      todo.push_back(edge.waiter);
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<SharedWait> shared_waits(const Trace& trace, const WaitGraph& graph) {
  // Sleeps are of nobody's making, and so are polls of many things at once: each is its own.
  std::map<std::tuple<WaitKind, uint64_t, StackIndex>, SharedWait> by_object;
  for (size_t i = 0; i < trace.threads.size(); ++i) {
    const Thread& thread = trace.threads[i];
    const Wait& wait = thread.wait;
    if (wait.kind == WaitKind::none || !graph.edges[i].empty()) continue;
    auto [entry, fresh] =
        by_object.try_emplace({wait.kind, wait.object, wait.object == 0 ? wait.stack : 0});
    SharedWait& shared = entry->second;
    shared.kind = wait.kind;
    shared.object = wait.object;
    shared.timed = wait.timed && (fresh || shared.timed);
    shared.threads.push_back(i);
  }
  std::vector<SharedWait> result;
  for (auto& [key, shared] : by_object) result.push_back(std::move(shared));
  std::stable_sort(result.begin(), result.end(), [](const SharedWait& a, const SharedWait& b) {
    return a.threads.size() > b.threads.size();
  });
  return result;
}

}  // namespace

HangView view_hang(const Trace& trace) {
  HangView view;
  const WaitGraph graph = build_wait_graph(trace);
  Waiters waiters(graph.edges.size());
  for (const auto& edges : graph.edges)
    for (const WaitEdge& edge : edges) waiters[edge.owner].push_back(edge);
  for (size_t i = 0; i < waiters.size(); ++i) {
    if (waiters[i].empty() || !graph.edges[i].empty()) continue;
    Blocker blocker;
    blocker.thread = i;
    blocker.nearest = waiters[i];
    blocker.blocked = all_behind(waiters, i);
    view.blockers.push_back(std::move(blocker));
  }
  std::stable_sort(
      view.blockers.begin(), view.blockers.end(),
      [](const Blocker& a, const Blocker& b) { return a.blocked.size() > b.blocked.size(); });
  view.waits = shared_waits(trace, graph);
  for (const Thread& thread : trace.threads)
    view.running += thread.state == TaskState::running && thread.wait.kind == WaitKind::none;
  return view;
}

}  // namespace track::analyze
