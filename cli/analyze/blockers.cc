#include "cli/analyze/blockers.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

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

using Frames = std::unordered_map<uint64_t, size_t>;  // address -> into Trace::coroutines

// Only edges that both ends confirm.
std::vector<std::vector<size_t>> find_await_cycles(const Trace& trace, const Frames& frames) {
  enum class Mark : uint8_t { unseen, on_way, over };
  std::vector<Mark> marks(trace.coroutines.size(), Mark::unseen);
  std::vector<std::vector<size_t>> cycles;
  for (size_t start = 0; start < trace.coroutines.size(); ++start) {
    std::vector<size_t> way;
    size_t at = start;
    while (marks[at] == Mark::unseen) {
      marks[at] = Mark::on_way;
      way.push_back(at);
      const Coroutine& coroutine = trace.coroutines[at];
      const auto above = frames.find(coroutine.awaited_by);
      if (coroutine.awaited_by == 0 || coroutine.awaited_by_weak || above == frames.end()) break;
      at = above->second;
    }
    if (marks[at] == Mark::on_way && way.back() != at)
      if (const auto first = std::find(way.begin(), way.end(), at); first != way.end())
        cycles.emplace_back(first, way.end());
    for (const size_t seen : way) marks[seen] = Mark::over;
  }
  return cycles;
}

std::vector<AwaitStand> find_stands(const Trace& trace, const Frames& frames) {
  constexpr size_t kLongest = 10000;
  std::map<std::pair<uint32_t, uint32_t>, AwaitStand> by_place;
  std::unordered_map<uint64_t, std::vector<size_t>> threads;  // by frame
  for (size_t i = 0; i < trace.threads.size(); ++i)
    for (const FrameLock& found : trace.frame_locks)
      if (trace.threads[i].wait.kind != WaitKind::none &&
          trace.threads[i].wait.object == found.lock)
        if (const Coroutine* holder = holding_coroutine(trace, found.lock, found.holder);
            holder != nullptr && holder->address == found.frame)
          threads[found.frame].push_back(i);
  for (const Coroutine& coroutine : trace.coroutines) {
    if (coroutine.state != TaskState::suspended || frames.count(coroutine.awaits) != 0) continue;
    AwaitStand& stand = by_place[{coroutine.function, coroutine.await_point}];
    stand.function = coroutine.function;
    stand.await_point = coroutine.await_point;
    ++stand.count;
    auto above = frames.find(coroutine.awaited_by);
    for (size_t n = 0; above != frames.end() && n < kLongest; ++n) {
      ++stand.awaiting;
      above = frames.find(trace.coroutines[above->second].awaited_by);
    }
    if (const auto waiting = threads.find(coroutine.address); waiting != threads.end())
      stand.threads.insert(stand.threads.end(), waiting->second.begin(), waiting->second.end());
  }
  std::vector<AwaitStand> result;
  for (auto& [place, stand] : by_place)
    if (stand.awaiting != 0 || !stand.threads.empty()) result.push_back(std::move(stand));
  std::stable_sort(result.begin(), result.end(), [](const AwaitStand& a, const AwaitStand& b) {
    if (a.threads.size() != b.threads.size()) return a.threads.size() > b.threads.size();
    return a.count + a.awaiting > b.count + b.awaiting;
  });
  return result;
}

}  // namespace

const Coroutine* holding_coroutine(const Trace& trace, uint64_t lock, uint32_t holder) {
  uint64_t frame = 0;
  for (const bool by_code : {false, true}) {
    for (const FrameLock& found : trace.frame_locks) {
      if (found.lock != lock || found.holder != holder || found.frame_on_stack ||
          found.by_code != by_code)
        continue;
      if (frame != 0 && frame != found.frame) return nullptr;
      frame = found.frame;
    }
    if (frame != 0) break;
  }
  if (frame == 0) return nullptr;
  const auto coroutine = std::find_if(trace.coroutines.begin(), trace.coroutines.end(),
                                      [&](const Coroutine& c) { return c.address == frame; });
  return coroutine == trace.coroutines.end() ? nullptr : &*coroutine;
}

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
  Frames frames;
  for (size_t i = 0; i < trace.coroutines.size(); ++i)
    if (trace.coroutines[i].awaits != 0 || trace.coroutines[i].awaited_by != 0)
      frames[trace.coroutines[i].address] = i;
  view.stands = find_stands(trace, frames);
  view.await_cycles = find_await_cycles(trace, frames);
  return view;
}

}  // namespace track::analyze
