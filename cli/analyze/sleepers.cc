#include "cli/analyze/sleepers.h"

#include <map>
#include <utility>

#include "cli/analyze/group.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

void describe(Finding& finding, const Trace& trace, const Symbols& symbols, const Thread& sample,
              const std::string& doubt) {
  const bool one = finding.count == 1;
  const char* kind = wait_kind_name(sample.wait.kind);
  finding.rule = Rule::stuck_task;
  finding.evidence = Evidence::suspected;
  finding.title = count_text(finding.count, "thread") + created_in(finding, trace, symbols) +
                  (one ? " waits" : " wait") + ", and no thread is left that could end " +
                  (one ? "its wait" : "their waits") + " (" + kind + ")";
  std::string line =
      thread_text(sample) + " waits on " + object_text(symbols, kind, sample.wait.object);
  if (const std::string where = where_text(trace, symbols, sample.wait.stack); !where.empty())
    line += ", in " + where;
  finding.because.push_back(line);
  finding.because.emplace_back("every thread of the process waits for another one");
  finding.because.push_back("no more than suspected: " + doubt);
  finding.wait_object.kind = kind;
  finding.wait_object.address = sample.wait.object;
  set_ages(finding);
}

}  // namespace

std::vector<Finding> find_sleepers(const Trace& trace, const Symbols& symbols,
                                   const Fixpoint& fixpoint, const std::set<uint32_t>& explained) {
  if (fixpoint.asleep || fixpoint.sleep_doubt.empty()) return {};
  std::map<std::pair<StackIndex, WaitKind>, std::pair<Finding, const Thread*>> groups;
  Places places(trace, symbols);
  for (const Thread& thread : trace.threads) {
    if (explained.count(thread.id) != 0 || thread.wait.kind == WaitKind::none) continue;
    const StackIndex blocked_at = places.of(thread.wait.stack);
    auto& [finding, sample] = groups[{blocked_at, thread.wait.kind}];
    finding.count = sample == nullptr ? 1 : finding.count + 1;
    finding.blocked_at = blocked_at;
    if (sample == nullptr) sample = &thread;
    add_task(finding, trace, thread);
  }
  std::vector<Finding> findings;
  for (auto& [key, group] : groups) {
    describe(group.first, trace, symbols, *group.second, fixpoint.sleep_doubt);
    findings.push_back(std::move(group.first));
  }
  return findings;
}

}  // namespace track::analyze
