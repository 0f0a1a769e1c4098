#include "cli/analyze/judge.h"

#include <algorithm>

#include "cli/analyze/across_await.h"
#include "cli/analyze/attached.h"
#include "cli/analyze/group.h"
#include "cli/analyze/leaks.h"
#include "cli/analyze/lock_order.h"
#include "cli/analyze/outlived_scope.h"
#include "cli/analyze/pool.h"
#include "cli/analyze/sleepers.h"
#include "cli/analyze/stuck.h"

namespace track::analyze {
namespace {

// A cycle through fibers is as sure as it is that its threads are stuck.
void strengthen(std::vector<Finding>& deadlocks, const Fixpoint& fixpoint) {
  std::set<uint64_t> stuck;
  for (const StuckThread& thread : fixpoint.threads) stuck.insert(thread.id);
  for (Finding& finding : deadlocks) {
    const Evidence evidence = evidence_of(fixpoint);
    const bool all = std::all_of(finding.tasks.begin(), finding.tasks.end(), [&](const auto& task) {
      return task.kind != TaskKind::thread || stuck.count(task.id) != 0;
    });
    const bool fibers = std::any_of(finding.tasks.begin(), finding.tasks.end(),
                                    [](const auto& task) { return task.kind == TaskKind::fiber; });
    const bool told = std::any_of(
        finding.because.begin(), finding.because.end(),
        [](const std::string& reason) { return reason.find("track/wait.h") != std::string::npos; });
    if (!all || !fibers || told || evidence <= finding.evidence) continue;
    finding.evidence = evidence;
    std::erase_if(finding.because, [](const std::string& reason) {
      return reason.find("may resume") != std::string::npos;
    });
    add_scan_reasons(finding, fixpoint);
  }
}

}  // namespace

std::vector<Finding> judge(const Trace& trace, const Symbols& symbols, Deadlocks deadlocks,
                           const Fixpoint& fixpoint) {
  std::vector<Finding> all = std::move(deadlocks.findings);
  const auto append = [&](std::vector<Finding> more) {
    std::move(more.begin(), more.end(), std::back_inserter(all));
  };
  strengthen(all, fixpoint);
  // Those that wait behind a cycle are stuck tasks of their own.
  std::set<uint32_t> in_cycles;
  for (const Finding& finding : all)
    for (const FindingTask& task : finding.tasks)
      if (task.kind != TaskKind::coroutine) in_cycles.insert(static_cast<uint32_t>(task.id));
  Explained explained;
  explained.fixpoint = &fixpoint;
  append(find_stuck(trace, symbols, fixpoint, in_cycles));
  append(find_orphaned(trace, symbols, fixpoint));
  append(find_asleep(trace, symbols, fixpoint));
  append(find_lost_fibers(trace, symbols, fixpoint));
  for (const LostFiber& lost : fixpoint.fibers) explained.fibers.insert(lost.id);
  for (const Finding& finding : all)
    for (const FindingTask& task : finding.tasks)
      if (finding.rule == Rule::deadlock && task.kind == TaskKind::fiber)
        explained.fibers.insert(static_cast<uint32_t>(task.id));
  std::vector<Finding> across = find_locks_across_await(trace, symbols, in_cycles, fixpoint);
  explained.threads = std::move(deadlocks.stuck);
  for (const StuckThread& stuck : fixpoint.threads) explained.threads.insert(stuck.id);
  for (const Orphan& orphan : fixpoint.coroutines) explained.frames.insert(orphan.address);
  for (const Kept& kept : fixpoint.kept)
    explained.kept[kept.address] = {kept.created_ticks, kept.held_bytes,
                                    &fixpoint.retentions.at(kept.retention)};
  if (fixpoint.asleep)
    for (const Coroutine& coroutine : trace.coroutines)
      if (coroutine.certainty == FrameCertainty::known && coroutine.state == TaskState::suspended)
        explained.frames.insert(coroutine.address);
  std::set<uint64_t> told_of;  // coroutines
  for (const Finding& finding : all)
    for (const FindingTask& task : finding.tasks)
      if ((finding.rule == Rule::deadlock || finding.rule == Rule::stuck_task) &&
          task.kind == TaskKind::coroutine)
        told_of.insert(task.id);
  for (const Finding& finding : across)
    if (finding.count == 1) told_of.insert(finding.tasks.front().id);
  for (const Coroutine& coroutine : trace.coroutines)
    if (told_of.count(coroutine.id) != 0) explained.frames.insert(coroutine.address);
  append(std::move(across));
  std::vector<Finding> exhausted = find_exhausted(trace, symbols, fixpoint, explained.threads);
  for (const Finding& finding : exhausted)
    for (const FindingTask& task : finding.tasks)
      explained.threads.insert(static_cast<uint32_t>(task.id));
  append(std::move(exhausted));
  std::set<uint32_t> known = explained.threads;
  known.insert(in_cycles.begin(), in_cycles.end());
  append(find_sleepers(trace, symbols, fixpoint, known));
  append(find_leaked_memory(trace, symbols, fixpoint));
  append(find_locks_held(trace, symbols));
  std::vector<uint64_t> in_deadlock;
  for (const Thread& thread : trace.threads)
    if (explained.threads.count(thread.id) != 0 || in_cycles.count(thread.id) != 0)
      in_deadlock.push_back(thread.wait.object);
  append(find_lock_orders(trace, symbols, in_deadlock));
  // After an exec there is nothing left that could be joined.
  if (!trace.superseded) append(find_unjoined(trace, symbols, explained.threads));
  append(find_outlived_scopes(trace, symbols, explained));
  append(find_outlived(trace, symbols, explained));
  if (trace.attached) doubt_the_record(all, trace);
  for (Finding& finding : all) {
    finding.fingerprint = fingerprint(finding, trace, symbols);
    const auto known = symbols.objects.find(finding.wait_object.address);
    if (finding.wait_object.symbol.empty() && known != symbols.objects.end())
      finding.wait_object.symbol = known->second;
  }
  std::stable_sort(all.begin(), all.end(), [](const Finding& a, const Finding& b) {
    if (a.evidence != b.evidence) return a.evidence > b.evidence;
    if (a.rule != b.rule) return a.rule < b.rule;
    return a.count > b.count;
  });
  return all;
}

}  // namespace track::analyze
