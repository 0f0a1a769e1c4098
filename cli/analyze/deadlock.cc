#include "cli/analyze/deadlock.h"

#include <algorithm>
#include <functional>
#include <map>

#include "cli/analyze/coroutine_cycles.h"
#include "cli/analyze/edge_teller.h"
#include "cli/analyze/group.h"
#include "cli/analyze/wait_graph.h"
#include "cli/model/told_waits.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

constexpr size_t kListedBehind = 8;

// Strongly connected components that contain a cycle. Iterative: chains may be thousands long.
std::vector<std::vector<size_t>> cyclic_components(const WaitGraph& graph) {
  const size_t n = graph.edges.size();
  constexpr size_t kUnseen = ~size_t{0};
  std::vector<size_t> order(n, kUnseen), low(n, 0), stack;
  std::vector<bool> on_stack(n, false);
  std::vector<std::vector<size_t>> result;
  size_t next = 0;
  struct Visit {
    size_t node, edge;
  };
  for (size_t root = 0; root < n; ++root) {
    if (order[root] != kUnseen || graph.edges[root].empty()) continue;
    std::vector<Visit> visits{{root, 0}};
    while (!visits.empty()) {
      auto& [node, edge] = visits.back();
      if (edge == 0 && order[node] == kUnseen) {
        order[node] = low[node] = next++;
        stack.push_back(node);
        on_stack[node] = true;
      }
      if (edge < graph.edges[node].size()) {
        const size_t to = graph.edges[node][edge++].owner;
        if (order[to] == kUnseen)
          visits.push_back({to, 0});
        else if (on_stack[to])
          low[node] = std::min(low[node], order[to]);
        continue;
      }
      if (low[node] == order[node]) {
        std::vector<size_t> component;
        size_t member;
        do {
          member = stack.back();
          stack.pop_back();
          on_stack[member] = false;
          component.push_back(member);
        } while (member != node);
        const auto& own = graph.edges[node];
        const size_t self = node;
        const bool waits_for_itself = std::any_of(
            own.begin(), own.end(), [self](const WaitEdge& e) { return e.owner == self; });
        if (component.size() > 1 || waits_for_itself) {
          std::sort(component.begin(), component.end());
          result.push_back(std::move(component));
        }
      }
      const size_t done = node;
      visits.pop_back();
      if (!visits.empty()) {
        const size_t parent = visits.back().node;
        low[parent] = std::min(low[parent], low[done]);
      }
    }
  }
  return result;
}

// In the order of waiting, from the lowest member on, as far as one walk goes; the rest after it.
std::vector<WaitEdge> walk(const WaitGraph& graph, const std::vector<size_t>& component) {
  const std::set<size_t> inside(component.begin(), component.end());
  std::set<size_t> seen;
  std::vector<WaitEdge> result;
  const auto step = [&](size_t at) {
    const auto& edges = graph.edges[at];
    auto edge = std::find_if(edges.begin(), edges.end(),
                             [&](const WaitEdge& e) { return inside.count(e.owner) != 0; });
    for (auto other = edge; other != edges.end(); ++other)
      if (inside.count(other->owner) != 0 && seen.count(other->owner) == 0) {
        edge = other;
        break;
      }
    return *edge;
  };
  for (const size_t start : component)
    for (size_t at = start; seen.insert(at).second;) {
      result.push_back(step(at));
      at = result.back().owner;
    }
  return result;
}

// Everybody from whom a member can be reached: waits for it, directly or not.
std::vector<size_t> behind(const WaitGraph& graph, const std::vector<size_t>& component) {
  std::vector<std::vector<size_t>> waiters(graph.edges.size());
  for (const auto& edges : graph.edges)
    for (const WaitEdge& edge : edges) waiters[edge.owner].push_back(edge.waiter);
  std::vector<bool> seen(graph.edges.size(), false);
  std::vector<size_t> todo = component, result;
  for (const size_t member : component) seen[member] = true;
  while (!todo.empty()) {
    const size_t at = todo.back();
    todo.pop_back();
    for (const size_t waiter : waiters[at])
      if (!seen[waiter]) {
        seen[waiter] = true;
        result.push_back(waiter);
        todo.push_back(waiter);
      }
  }
  std::sort(result.begin(), result.end());
  return result;
}

// The stack all members share; otherwise that of the first one that has any.
StackIndex common_stack(const std::vector<const Thread*>& threads,
                        const std::function<StackIndex(const Thread&)>& of) {
  for (const Thread* thread : threads)
    if (of(*thread) != 0) return of(*thread);
  return 0;
}

std::string title_of(const std::vector<WaitEdge>& cycle, const Trace& trace,
                     const EdgeTeller& teller) {
  const Wait& first = trace.threads[cycle.front().waiter].wait;
  if (cycle.size() == 1)
    return "a thread waits for " + teller.object(first) +
           (cycle.front().fiber != 0 ? " that a suspended fiber of its own holds"
                                     : " that it holds");
  bool joins = false, locks = false;
  for (const WaitEdge& edge : cycle)
    (trace.threads[edge.waiter].wait.kind == WaitKind::join ? joins : locks) = true;
  const bool other = std::any_of(cycle.begin(), cycle.end(), [&](const WaitEdge& edge) {
    const WaitKind kind = trace.threads[edge.waiter].wait.kind;
    return is_told(kind) && kind != WaitKind::told_lock;
  });
  const char* what = other            ? "waits"
                     : joins && locks ? "locks and joins"
                     : joins          ? "joins"
                                      : "locks";
  return std::to_string(cycle.size()) + " threads wait for each other in a cycle of " + what;
}

// A suspended fiber gives its lock back when somebody resumes it. Is there nobody left but the
// waiting threads, and one that ends the process?
bool nobody_else(const std::vector<WaitEdge>& cycle, const Trace& trace) {
  std::set<uint32_t> waiting;
  for (const WaitEdge& edge : cycle) waiting.insert(trace.threads[edge.waiter].id);
  return trace.complete() &&
         std::all_of(trace.threads.begin(), trace.threads.end(), [&](const Thread& thread) {
           return thread.state == TaskState::ended || thread.id == trace.exit_task ||
                  waiting.count(thread.id) != 0;
         });
}

void weaken_by_fibers(Finding& finding, const std::vector<WaitEdge>& cycle, const Trace& trace) {
  std::set<uint32_t> holders;
  for (const WaitEdge& edge : cycle)
    if (edge.fiber != 0) holders.insert(edge.fiber);
  if (holders.empty()) return;
  for (const Fiber& fiber : trace.fibers)
    if (holders.count(fiber.id) != 0) add_task(finding, trace, fiber);
  const bool alone = nobody_else(cycle, trace);
  finding.evidence = alone ? Evidence::likely : Evidence::suspected;
  finding.because.emplace_back(
      alone ? "doubt: what runs at the end of the process may resume that fiber"
            : "no more than suspected: another thread may resume that fiber");
}

// Who waits for what of the program's own making, and who owns that, stands nowhere in memory.
void weaken_by_telling(Finding& finding, const std::vector<WaitEdge>& cycle) {
  if (std::none_of(cycle.begin(), cycle.end(), [](const WaitEdge& edge) { return edge.told; }))
    return;
  finding.evidence = std::min(finding.evidence, Evidence::likely);
  finding.because.emplace_back(
      "doubt: of locks of the program's own making it is known only what the program itself tells "
      "(track/wait.h): who waits, and who holds them");
}

// Seen from outside, a lock's owner is a thread; with fibers that may be another one's work.
void weaken_by_switches(Finding& finding, const Trace& trace) {
  if (trace.stack_switcher.empty()) return;
  finding.evidence = std::min(finding.evidence, Evidence::likely);
  finding.because.push_back(
      "doubt: a suspended fiber may hold a lock, which another thread may "
      "resume: " +
      trace.stack_switcher);
}

Finding make_finding(const std::vector<size_t>& component, const WaitGraph& graph,
                     const Trace& trace, const Symbols& symbols, const EdgeTeller& teller) {
  Finding finding;
  finding.rule = Rule::deadlock;
  finding.evidence = Evidence::proved;
  const std::vector<WaitEdge> cycle = walk(graph, component);
  finding.count = component.size();
  finding.title = title_of(cycle, trace, teller);
  std::vector<const Thread*> members;
  for (const WaitEdge& edge : cycle) {
    finding.because.push_back(teller.tell(edge));
    members.push_back(&trace.threads[edge.waiter]);
    add_task(finding, trace, trace.threads[edge.waiter]);
  }
  for (const Thread* member : members)
    if (const std::string where = where_text(trace, symbols, member->created_at);
        !where.empty() && member->created_at != members.front()->created_at)
      finding.because.push_back(thread_text(*member) + " was created in " + where);
  const std::vector<size_t> waiting = behind(graph, component);
  for (size_t i = 0; i < std::min(waiting.size(), kListedBehind); ++i)
    finding.because.push_back("blocked behind them: " +
                              teller.tell(graph.edges[waiting[i]].front()));
  if (waiting.size() > kListedBehind)
    finding.because.push_back("and " + count_text(waiting.size() - kListedBehind, "more thread") +
                              " blocked behind them");
  if (trace.memory_read && !trace.memory.empty())
    finding.because.push_back("the lock words in the process's memory name the same owners");
  weaken_by_fibers(finding, cycle, trace);
  weaken_by_telling(finding, cycle);
  weaken_by_switches(finding, trace);
  finding.created_at = common_stack(members, [](const Thread& t) { return t.created_at; });
  finding.blocked_at = common_stack(members, [](const Thread& t) { return t.wait.stack; });
  const Thread& first = *members.front();
  finding.wait_object.kind = wait_kind_name(first.wait.kind);
  finding.wait_object.address = first.wait.object;
  finding.wait_object.owner = thread_text(trace.threads[cycle.front().owner]);
  set_ages(finding);
  return finding;
}

const Thread* find_thread(const Trace& trace, const FindingTask& task) {
  if (task.kind != TaskKind::thread) return nullptr;
  for (const Thread& thread : trace.threads)
    if (thread.id == task.id) return &thread;
  return nullptr;
}

// The same suspension for the same object.
bool still_suspended(const Trace& earlier, const Trace& later, uint64_t id) {
  const auto told = [id](const Trace& trace) {
    const auto found = std::find_if(trace.coroutines.begin(), trace.coroutines.end(),
                                    [id](const Coroutine& one) { return one.id == id; });
    return found == trace.coroutines.end() ? Told() : found->told;
  };
  const Told before = told(earlier), after = told(later);
  return before.known() && before.state == after.state && before.resumes == after.resumes &&
         before.since_ns == after.since_ns && before.wait.object == after.wait.object;
}

uint64_t switches_of(const Trace& trace, uint64_t id) {
  for (const Fiber& fiber : trace.fibers)
    if (fiber.id == id) return fiber.switches;
  return 0;
}

}  // namespace

Deadlocks find_deadlocks(const Trace& trace, const Symbols& symbols) {
  Deadlocks result;
  const WaitGraph graph = build_wait_graph(trace);
  const EdgeTeller teller(trace, symbols);
  for (const auto& component : cyclic_components(graph)) {
    result.findings.push_back(make_finding(component, graph, trace, symbols, teller));
    for (const size_t member : component) result.stuck.insert(trace.threads[member].id);
    for (const size_t waiter : behind(graph, component))
      result.stuck.insert(trace.threads[waiter].id);
  }
  for (Finding& finding : find_coroutine_cycles(trace, symbols))
    result.findings.push_back(std::move(finding));
  for (Finding& finding : find_waits_for_ended(trace, symbols))
    result.findings.push_back(std::move(finding));
  return result;
}

void doubt_waits(Deadlocks& deadlocks, const Trace& trace, const Fixpoint& fixpoint) {
  const auto joins = [&](const FindingTask& task) {
    const Thread* thread = find_thread(trace, task);
    return thread != nullptr && thread->wait.kind == WaitKind::join;
  };
  const bool cancels = !fixpoint.taken || !fixpoint.cancels.empty();
  for (Finding& finding : deadlocks.findings) {
    if (cancels && std::any_of(finding.tasks.begin(), finding.tasks.end(), joins)) {
      finding.evidence = std::min(finding.evidence, Evidence::likely);
      finding.because.push_back(
          "doubt: a join ends when its thread is cancelled, and " +
          (fixpoint.taken ? fixpoint.cancels : "whether the program does that could not be seen"));
    }
    if (fixpoint.lock_escape.empty()) continue;
    finding.evidence = std::min(finding.evidence, Evidence::likely);
    finding.because.push_back("doubt: " + fixpoint.lock_escape);
  }
}

void keep_unmoved(Deadlocks& deadlocks, const Trace& earlier, const Trace& later) {
  const auto moved = [&](const Finding& finding) {
    const ToldObject* object = told_object(later, finding.wait_object.address);
    if (finding.rule == Rule::stuck_task && (object == nullptr || !owner_is_over(later, *object)))
      return true;
    return std::any_of(finding.tasks.begin(), finding.tasks.end(), [&](const FindingTask& task) {
      if (task.kind == TaskKind::fiber)
        return switches_of(earlier, task.id) != switches_of(later, task.id);
      if (task.kind == TaskKind::coroutine) return !still_suspended(earlier, later, task.id);
      const Thread* before = find_thread(earlier, task);
      const Thread* after = find_thread(later, task);
      return before == nullptr || after == nullptr ||
             before->wait.sequence != after->wait.sequence || before->switches != after->switches ||
             before->wait.object != after->wait.object;
    });
  };
  std::erase_if(deadlocks.findings, moved);
  if (deadlocks.findings.empty()) deadlocks.stuck.clear();
}

void keep_from_before_copy(Deadlocks& deadlocks, const Trace& trace) {
  std::erase_if(deadlocks.findings, [&](const Finding& finding) {
    return std::any_of(finding.tasks.begin(), finding.tasks.end(), [&](const FindingTask& task) {
      const Thread* thread = find_thread(trace, task);
      if (thread == nullptr) return true;
      const uint64_t since = thread->wait.since_ns;
      return since == 0 || since >= trace.copy_began_ns;
    });
  });
  if (deadlocks.findings.empty()) deadlocks.stuck.clear();
}

}  // namespace track::analyze
