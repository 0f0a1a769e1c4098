#include <map>
#include <set>
#include <tuple>

#include "cli/analyze/await_roots.h"
#include "cli/analyze/group.h"
#include "cli/analyze/stuck.h"
#include "cli/model/words.h"

namespace track::analyze {

std::vector<Finding> find_asleep(const Trace& trace, const Symbols& symbols,
                                 const Fixpoint& fixpoint) {
  if (!fixpoint.asleep) return {};
  struct Group {
    Finding finding;
    const Coroutine* sample = nullptr;
    uint64_t awaited = 0;  // frames that these await: counted with them
  };
  std::set<uint64_t> orphans;
  for (const Orphan& orphan : fixpoint.coroutines) orphans.insert(orphan.address);
  const auto stuck = [&](const Coroutine& coroutine) {
    return coroutine.certainty == FrameCertainty::known &&
           coroutine.state == TaskState::suspended && orphans.count(coroutine.address) == 0;
  };
  std::map<std::pair<StackIndex, uint32_t>, Group> groups;
  Places places(trace, symbols);
  const AwaitIndex awaits(trace);
  AwaitRoots roots(trace);
  for (const Coroutine& coroutine : trace.coroutines) {
    if (!stuck(coroutine)) continue;
    const Coroutine* root = &roots.root_of(coroutine);
    if (!stuck(*root)) root = &coroutine;
    Group& group = groups[{places.of(root->created_at), root->function}];
    Finding& finding = group.finding;
    finding.bytes_held += coroutine.size_bytes;
    if (root != &coroutine) {
      ++group.awaited;
      continue;
    }
    finding.count = finding.tasks.empty() ? 1 : finding.count + 1;
    if (group.sample == nullptr) group.sample = &coroutine;
    add_task(finding, trace, coroutine);
  }
  std::vector<Finding> findings;
  for (auto& [key, group] : groups) {
    if (group.sample == nullptr) continue;
    const auto& [created_at, function] = key;
    Finding& finding = group.finding;
    const bool one = finding.count == 1;
    finding.rule = Rule::stuck_task;
    finding.evidence = evidence_of(fixpoint);
    finding.created_at = created_at;
    finding.title = count_text(finding.count, "coroutine");
    if (function != 0 && function < trace.functions.size())
      finding.title += " of " + short_function(trace.functions[function]);
    else
      finding.title += created_in(finding, trace, symbols);
    finding.title += " can never be resumed: no thread can go on";
    finding.because.push_back(std::string(one ? "it is" : "they are") +
                              " suspended, and every thread of the process waits for another one");
    if (group.awaited != 0)
      finding.because.push_back("with " + count_text(group.awaited, "more coroutine") + " that " +
                                (one ? "it awaits" : "they await"));
    finding.because.push_back((one ? "it stands in " : "one stands in ") +
                              suspended_text(trace, roots.leaf_of(*group.sample)));
    set_await_chain(finding, awaits, *group.sample);
    add_scan_reasons(finding, fixpoint);
    set_ages(finding);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace track::analyze
