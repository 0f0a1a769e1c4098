#include <algorithm>
#include <map>

#include "cli/analyze/group.h"
#include "cli/analyze/leaks.h"
#include "cli/analyze/wait_graph.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

std::vector<const Thread*> waiters_of(const Trace& trace, uint64_t object) {
  std::vector<const Thread*> result;
  for (const Thread& thread : trace.threads)
    if (thread.state == TaskState::blocked && thread.wait.object == object &&
        (thread.wait.kind == WaitKind::mutex || thread.wait.kind == WaitKind::rwlock_read ||
         thread.wait.kind == WaitKind::rwlock_write || thread.wait.kind == WaitKind::spinlock))
      result.push_back(&thread);
  return result;
}

// Somebody else holds it by the record: it was handed over, whoever ended.
bool taken_by_another(const Trace& trace, const Thread& ended, const Held& held) {
  if (held.sort == HeldSort::read) return false;
  return std::any_of(trace.threads.begin(), trace.threads.end(), [&](const Thread& thread) {
    return thread.id != ended.id &&
           std::any_of(thread.held.begin(), thread.held.end(),
                       [&](const Held& other) { return other.object == held.object; });
  });
}

void explain(Finding& finding, const Trace& trace, const Symbols& symbols, const Thread& thread,
             const Held& held) {
  const std::string object = object_text(symbols, held_sort_name(held.sort), held.object);
  std::string line = thread_text(thread) + " took " + object + " and ended";
  if (thread.ended_ns != 0 && trace.taken_ns > thread.ended_ns)
    line += " " + duration_text(trace.taken_ns - thread.ended_ns) + " ago";
  finding.because.push_back(line + " without giving it back");
  for (const Thread* waiter : waiters_of(trace, held.object)) {
    if (finding.because.size() >= 8) break;
    std::string text = thread_text(*waiter) + " waits for it";
    if (waiter->wait.timed) text += " for a limited time";
    if (waiter->wait.since_ns != 0 && trace.taken_ns > waiter->wait.since_ns)
      text += ", since " + duration_text(trace.taken_ns - waiter->wait.since_ns);
    const std::string where = where_text(trace, symbols, waiter->wait.stack);
    if (!where.empty()) text += ", in " + where;
    finding.because.push_back(text);
  }
}

}  // namespace

std::vector<Finding> find_locks_held(const Trace& trace, const Symbols& symbols) {
  std::map<std::pair<StackIndex, std::string>, Finding> groups;
  std::set<const Finding*> by_fiber;
  Places places(trace, symbols);
  for (const Thread& thread : trace.threads) {
    if (thread.state != TaskState::ended) continue;
    std::set<uint64_t> seen;
    for (const Held& held : thread.held) {
      if (!seen.insert(held.object).second || is_robust(trace, held) ||
          memory_contradicts(trace, thread, held) || taken_by_another(trace, thread, held))
        continue;
      // Two threads that leave two nameless locks are one story; named locks stay apart.
      const auto known = symbols.objects.find(held.object);
      const std::string name = known == symbols.objects.end() ? "" : known->second;
      const std::string owner = name.compare(0, 3, "in ") == 0 ? name.substr(3) : name;
      Finding& finding = groups[{places.of(thread.created_at), held_sort_name(held.sort) + owner}];
      finding.count = finding.tasks.empty() ? 1 : finding.count + 1;
      add_task(finding, trace, thread);
      finding.created_at = places.of(thread.created_at);
      if (finding.count == 1) {
        finding.wait_object = {held_sort_name(held.sort), held.object, owner, thread_text(thread)};
        const auto waiters = waiters_of(trace, held.object);
        if (!waiters.empty()) finding.blocked_at = waiters.front()->wait.stack;
      }
      if (held.fiber != 0) by_fiber.insert(&finding);
      if (finding.because.size() < 8) explain(finding, trace, symbols, thread, held);
    }
  }
  std::vector<Finding> findings;
  for (auto& [key, finding] : groups) {
    finding.rule = Rule::lock_held_at_exit;
    finding.evidence = trace.warnings.empty() ? Evidence::proved : Evidence::suspected;
    if (!trace.warnings.empty()) finding.because.push_back("the recording is damaged: no proof");
    if (by_fiber.count(&finding) != 0) {
      finding.evidence = Evidence::suspected;
      finding.because.emplace_back("a fiber took it, which another thread may resume: no proof");
    }
    finding.title = count_text(finding.count, "thread") + " ended holding a " +
                    finding.wait_object.kind +
                    (finding.wait_object.symbol.empty() ? "" : ": " + finding.wait_object.symbol) +
                    (finding.count == 1 ? "" : " each");
    if (trace.memory_read)
      finding.because.push_back("the lock word in the process's memory still names it as owner");
    set_ages(finding);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace track::analyze
