#include "cli/verbs/wait_drawing.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "cli/analyze/blockers.h"
#include "cli/analyze/edge_teller.h"
#include "cli/analyze/wait_graph.h"
#include "cli/model/await_chain.h"
#include "cli/model/finding.h"
#include "cli/model/told_waits.h"
#include "cli/model/wait_text.h"
#include "cli/model/words.h"

namespace track::verbs {
namespace {

using write::ViewEdge;
using write::ViewGraph;
using write::ViewNode;

constexpr size_t kMostCycles = 100;

class Drawing {
 public:
  explicit Drawing(const ProcessReport& process)
      : process_(process),
        trace_(process.trace),
        teller_(trace_, process.symbols),
        waits_(analyze::build_wait_graph(trace_)),
        view_(analyze::view_hang(trace_)) {
    for (size_t i = 0; i < waits_.edges.size(); ++i)
      for (const analyze::WaitEdge& edge : waits_.edges[i]) awaited_.insert({edge.owner, true});
  }

  ViewGraph draw() {
    add_owned();
    add_shared();
    add_coroutines();
    add_cycles();
    return std::move(graph_);
  }
  size_t left_out() const { return left_out_; }

 private:
  bool full() {
    if (graph_.nodes.size() < kMostDrawn) return false;
    ++left_out_;
    return true;
  }

  size_t thread_node(size_t index) {
    const auto [known, fresh] = threads_.try_emplace(index, graph_.nodes.size());
    if (!fresh) return known->second;
    const Thread& thread = trace_.threads[index];
    ViewNode node;
    node.id = "t" + std::to_string(thread.id);
    node.kind = "thread";
    node.stack = thread.state == TaskState::blocked ? thread.wait.stack : thread.running_at;
    const std::string where = where_text(trace_, process_.symbols, node.stack);
    node.label = where.empty() ? thread_text(thread) : where;
    node.detail = thread_text(thread);
    node.state = thread.state == TaskState::blocked ? wait_kind_name(thread.wait.kind)
                                                    : task_state_name(thread.state);
    node.task = thread.id;
    graph_.nodes.push_back(std::move(node));
    return known->second;
  }

  uint64_t waited(const Thread& thread) const {
    return thread.wait.since_ns == 0 || thread.wait.since_ns > trace_.taken_ns
               ? 0
               : trace_.taken_ns - thread.wait.since_ns;
  }

  // Threads that wait for one owner at one place, and that nobody waits for, are one.
  void add_owned() {
    using Place = std::tuple<std::vector<size_t>, uint64_t, StackIndex>;
    std::map<Place, std::vector<size_t>> alike;
    for (size_t i = 0; i < waits_.edges.size(); ++i) {
      if (waits_.edges[i].empty()) continue;
      std::vector<size_t> owners;
      for (const analyze::WaitEdge& edge : waits_.edges[i]) owners.push_back(edge.owner);
      const Wait& wait = trace_.threads[i].wait;
      Place place{owners, wait.object, wait.stack};
      if (awaited_.contains(i)) std::get<1>(place) = ~uint64_t{i};  // alone
      alike[place].push_back(i);
    }
    for (const auto& [place, threads] : alike) {
      if (full()) continue;
      const size_t from = group_node(threads);
      for (const size_t owner : std::get<0>(place)) add_edge(from, thread_node(owner), threads);
    }
  }

  size_t group_node(const std::vector<size_t>& threads) {
    const size_t node = thread_node(threads.front());
    if (threads.size() == 1) return node;
    ViewNode& group = graph_.nodes[node];
    group.kind = "group";
    group.count = threads.size();
    group.detail = count_text(threads.size(), "thread");
    return node;
  }

  void add_edge(size_t from, size_t to, const std::vector<size_t>& threads) {
    const Thread& first = trace_.threads[threads.front()];
    uint64_t longest = 0;
    for (const size_t thread : threads) longest = std::max(longest, waited(trace_.threads[thread]));
    graph_.edges.push_back(
        {from, to, teller_.object(first.wait), hex_text(first.wait.object), longest, true});
  }

  // Conditions, semaphores, descriptors: nobody owns them. Only what somebody in the graph waits
  // behind, or what several wait for: idle threads are no news.
  void add_shared() {
    constexpr size_t kMostObjects = 200;
    size_t objects = 0;
    for (const analyze::SharedWait& wait : view_.waits) {
      if (wait.threads.empty() || objects == kMostObjects) break;
      std::map<StackIndex, std::vector<size_t>> alike;
      for (const size_t thread : wait.threads)
        if (awaited_.contains(thread))
          alike[~StackIndex{0} - static_cast<StackIndex>(thread)].push_back(thread);
        else
          alike[trace_.threads[thread].wait.stack].push_back(thread);
      if (full()) continue;
      ++objects;
      const size_t object = graph_.nodes.size();
      const std::string text = teller_.object(trace_.threads[wait.threads.front()].wait);
      graph_.nodes.push_back(
          {"o" + std::to_string(object), "object", text.empty() ? wait_kind_name(wait.kind) : text,
           wait.timed ? "waits there end by themselves" : "", 1, wait_kind_name(wait.kind), 0, 0});
      for (const auto& [stack, threads] : alike) {
        if (full()) continue;
        const size_t from = group_node(threads);
        add_edge(from, object, threads);
        graph_.edges.back().certain = false;
      }
    }
  }

  using Stand = std::tuple<uint32_t, uint32_t, uint64_t>;
  static Stand place_of(const Coroutine& coroutine) {
    return {coroutine.function, coroutine.await_point, coroutine.told.wait.object};
  }

  size_t coroutine_node(const Coroutine& coroutine) {
    const auto [known, fresh] = stands_.try_emplace(place_of(coroutine), graph_.nodes.size());
    if (!fresh) {
      ++graph_.nodes[known->second].count;
      graph_.nodes[known->second].kind = "group";
      graph_.nodes[known->second].detail =
          count_text(graph_.nodes[known->second].count, "coroutine");
      return known->second;
    }
    ViewNode node;
    node.id = "c" + std::to_string(coroutine.id);
    node.kind = "coroutine";
    node.label = suspended_text(trace_, coroutine);
    node.detail = "coroutine " + std::to_string(coroutine.id);
    node.state = task_state_name(coroutine.state);
    node.task = coroutine.id;
    node.stack = coroutine.created_at;
    graph_.nodes.push_back(std::move(node));
    return known->second;
  }

  // Who awaits whom; coroutines that stand at one place are one node, and so are their edges.
  void add_coroutines() {
    std::unordered_map<uint64_t, const Coroutine*> by_address;
    for (const Coroutine& coroutine : trace_.coroutines)
      by_address.try_emplace(coroutine.address, &coroutine);
    std::map<std::pair<size_t, size_t>, bool> edges;
    std::map<std::pair<size_t, size_t>, const Coroutine*> locks;
    std::unordered_map<uint64_t, size_t> nodes;
    for (const Coroutine& coroutine : trace_.coroutines) {
      if (coroutine.state != TaskState::suspended) continue;
      const bool stands = stands_.contains(place_of(coroutine));
      if (!stands && full()) continue;
      nodes[coroutine.address] = coroutine_node(coroutine);
    }
    for (const auto& [address, from] : nodes) {
      const Coroutine& coroutine = *by_address[address];
      if (const ToldObject* object = told_object(trace_, coroutine.told.wait.object))
        if (const auto owner = nodes.find(object->owner_frame); owner != nodes.end())
          locks[{from, owner->second}] = &coroutine;
      const auto to = nodes.find(coroutine.awaits);
      if (coroutine.awaits == 0 || to == nodes.end() || to->second == from) continue;
      const bool certain = !by_address[coroutine.awaits]->awaited_by_weak;
      edges[{from, to->second}] |= certain;
    }
    for (const auto& [ends, certain] : edges)
      graph_.edges.push_back({ends.first, ends.second, "awaits", "", 0, certain});
    for (const auto& [ends, coroutine] : locks) {
      const ToldWait& wait = coroutine->told.wait;
      const uint64_t since = wait.since_ns < trace_.taken_ns ? trace_.taken_ns - wait.since_ns : 0;
      graph_.edges.push_back({ends.first, ends.second,
                              wait_text(trace_, process_.symbols, wait.kind, wait.object),
                              hex_text(wait.object), since, true});
    }
    std::map<size_t, size_t> next;
    for (const auto& [ends, coroutine] : locks) next.insert(ends);
    for (const auto& [ends, certain] : edges) next.insert(ends);
    for (const auto& [ends, coroutine] : locks)
      if (graph_.cycles.size() < kMostCycles) add_ring(next, ends.first);
  }

  // Of coroutines that wait for each other, once, from its lowest node on.
  void add_ring(const std::map<size_t, size_t>& next, size_t start) {
    std::vector<size_t> ring{start};
    for (auto step = next.find(start); step != next.end() && ring.size() <= next.size();
         step = next.find(ring.back())) {
      if (step->second == start) {
        std::rotate(ring.begin(), std::min_element(ring.begin(), ring.end()), ring.end());
        if (std::find(graph_.cycles.begin(), graph_.cycles.end(), ring) == graph_.cycles.end())
          graph_.cycles.push_back(std::move(ring));
        return;
      }
      ring.push_back(step->second);
    }
  }

  // Each thread's first edge followed until a thread comes again.
  void add_cycles() {
    std::vector<uint8_t> seen(trace_.threads.size());  // 1: on the way, 2: done
    for (size_t start = 0; start < waits_.edges.size(); ++start) {
      std::vector<size_t> way;
      size_t at = start;
      while (seen[at] == 0 && !waits_.edges[at].empty()) {
        seen[at] = 1;
        way.push_back(at);
        at = waits_.edges[at].front().owner;
      }
      const auto again = std::find(way.begin(), way.end(), at);
      if (seen[at] == 1 && again != way.end() && graph_.cycles.size() < kMostCycles) {
        std::vector<size_t> cycle;
        for (auto one = again; one != way.end(); ++one) cycle.push_back(thread_node(*one));
        graph_.cycles.push_back(std::move(cycle));
      }
      for (const size_t one : way) seen[one] = 2;
    }
    for (const std::vector<size_t>& awaiting : view_.await_cycles) {
      std::vector<size_t> cycle;
      for (const size_t one : awaiting) {
        const Coroutine& coroutine = trace_.coroutines[one];
        const auto known = stands_.find(place_of(coroutine));
        if (known != stands_.end()) cycle.push_back(known->second);
      }
      if (cycle.size() == awaiting.size() && graph_.cycles.size() < kMostCycles)
        graph_.cycles.push_back(std::move(cycle));
    }
  }

  const ProcessReport& process_;
  const Trace& trace_;
  const analyze::EdgeTeller teller_;
  const analyze::WaitGraph waits_;
  const analyze::HangView view_;
  std::map<size_t, bool> awaited_;  // threads that somebody waits for
  std::map<size_t, size_t> threads_;
  std::map<Stand, size_t> stands_;
  ViewGraph graph_;
  size_t left_out_ = 0;
};

}  // namespace

write::ViewGraph draw_waits(const ProcessReport& process, std::vector<std::string>& truncated) {
  Drawing drawing(process);
  ViewGraph graph = drawing.draw();
  if (drawing.left_out() != 0)
    truncated.push_back("wait graph: " + std::to_string(kMostDrawn) + " nodes; " +
                        count_text(drawing.left_out(), "more group") +
                        " of waiters were left out; `track hang` has all");
  return graph;
}

}  // namespace track::verbs
