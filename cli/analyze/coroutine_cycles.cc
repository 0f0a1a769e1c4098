#include "cli/analyze/coroutine_cycles.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "cli/analyze/group.h"
#include "cli/model/await_chain.h"
#include "cli/model/told_waits.h"
#include "cli/model/wait_text.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

bool waits_for_object(const Coroutine& coroutine) {
  return coroutine.told.state == TaskState::suspended && !coroutine.told.wait.timed &&
         coroutine.told.wait.kind != WaitKind::none;
}

void doubt_what_is_told(Finding& finding) {
  finding.evidence = Evidence::likely;
  finding.because.emplace_back(
      "doubt: of locks of the program's own making it is known only what the program itself tells "
      "(track/coroutine.h, track/wait.h): who waits, and who holds them");
}

class Cycles {
 public:
  Cycles(const Trace& trace, const Symbols& symbols)
      : trace_(trace), symbols_(symbols), awaits_(trace) {
    for (const Coroutine& coroutine : trace.coroutines) {
      if (!coroutine.told.known()) continue;
      by_frame_.emplace(coroutine.address, &coroutine);
      if (coroutine.told.awaiter != 0 && coroutine.told.state != TaskState::done)
        children_[coroutine.told.awaiter].push_back(&coroutine);
    }
  }

  std::vector<Finding> find() {
    std::vector<Finding> findings;
    // Each waits for one at most: who is met again on the way from somewhere is on a cycle.
    std::unordered_map<const Coroutine*, const Coroutine*> met_from;
    for (const Coroutine& start : trace_.coroutines) {
      if (!waits_for_object(start)) continue;
      const Coroutine* at = &start;
      while (at != nullptr && met_from.try_emplace(at, &start).second) at = next(*at);
      if (at != nullptr && met_from[at] == &start) findings.push_back(of_cycle(*at));
    }
    return findings;
  }

 private:
  // Without whom it cannot go on; null: nobody, or not known.
  const Coroutine* next(const Coroutine& coroutine) const {
    if (waits_for_object(coroutine)) {
      const ToldObject* object = told_object(trace_, coroutine.told.wait.object);
      const auto owner = object == nullptr ? by_frame_.end() : by_frame_.find(object->owner_frame);
      return owner == by_frame_.end() ? nullptr : owner->second;
    }
    if (coroutine.told.state != TaskState::suspended) return nullptr;
    // Of several that it awaits one may be enough.
    const auto awaited = children_.find(coroutine.address);
    return awaited == children_.end() || awaited->second.size() != 1 ? nullptr
                                                                     : awaited->second.front();
  }

  std::string tell(const Coroutine& waiter, const Coroutine& other) const {
    std::string text = coroutine_text(trace_, waiter);
    if (waits_for_object(waiter)) {
      text += " waits for " + object_of(waiter) + ", held by ";
      text += &waiter == &other ? "itself" : coroutine_text(trace_, other);
    } else {
      text += " awaits " + coroutine_text(trace_, other);
    }
    if (waiter.told.since_ns != 0 && trace_.taken_ns > waiter.told.since_ns)
      text += ", since " + duration_text(trace_.taken_ns - waiter.told.since_ns);
    if (const std::string where = await_text(trace_, waiter.await_point); !where.empty())
      text += ", at " + where;
    return text;
  }

  std::string object_of(const Coroutine& waiter) const {
    return wait_text(trace_, symbols_, waiter.told.wait.kind, waiter.told.wait.object);
  }

  // Of those that were made elsewhere than the one whose stack is shown.
  void tell_origins(Finding& finding, const Coroutine& shown) const {
    const Coroutine* at = &shown;
    while ((at = next(*at)) != &shown) {
      if (at->created_at == shown.created_at) continue;
      // The first line is the coroutine's own, that of the call that made it.
      const auto lines = stack_lines(trace_, symbols_, at->created_at, Prune::plumbing);
      if (!lines.empty())
        finding.because.push_back(coroutine_text(trace_, *at) + " was created in " +
                                  line_text(lines[lines.size() > 1 ? 1 : 0]));
    }
  }

  Finding of_cycle(const Coroutine& first) const {
    Finding finding;
    finding.rule = Rule::deadlock;
    finding.count = 0;
    bool awaits = false;
    const Coroutine* shown = nullptr;  // one that waits for a lock
    const Coroutine* at = &first;
    do {
      const Coroutine* other = next(*at);
      finding.because.push_back(tell(*at, *other));
      add_task(finding, trace_, *at);
      ++finding.count;
      if (!waits_for_object(*at))
        awaits = true;
      else if (shown == nullptr)
        shown = at;
      at = other;
    } while (at != &first);
    finding.title = finding.count == 1
                        ? "a coroutine waits for " + object_of(first) + " that it holds"
                        : std::to_string(finding.count) +
                              " coroutines wait for each other in a cycle of locks" +
                              (awaits ? " and awaited coroutines" : "");
    tell_origins(finding, *shown);
    doubt_what_is_told(finding);
    finding.created_at = shown->created_at;
    finding.wait_object = {wait_kind_name(shown->told.wait.kind),
                           shown->told.wait.object,
                           {},
                           coroutine_text(trace_, *next(*shown))};
    set_await_chain(finding, awaits_, *shown);
    set_ages(finding);
    return finding;
  }

  const Trace& trace_;
  const Symbols& symbols_;
  const AwaitIndex awaits_;
  std::unordered_map<uint64_t, const Coroutine*> by_frame_;               // those that tell
  std::unordered_map<uint64_t, std::vector<const Coroutine*>> children_;  // by who awaits them
};

}  // namespace

std::vector<Finding> find_waits_for_ended(const Trace& trace, const Symbols& symbols) {
  std::map<uint64_t, std::vector<const Coroutine*>> waiters;  // by object
  for (const auto& [address, object] : trace.told_objects)
    if (owner_is_over(trace, object)) waiters[address];
  if (waiters.empty()) return {};
  for (const Coroutine& coroutine : trace.coroutines)
    if (waits_for_object(coroutine))
      if (const auto at = waiters.find(coroutine.told.wait.object); at != waiters.end())
        at->second.push_back(&coroutine);
  const AwaitIndex awaits(trace);
  std::vector<Finding> findings;
  for (const auto& [address, all] : waiters) {
    if (all.empty()) continue;
    const Coroutine& first = *all.front();
    Finding finding;
    finding.rule = Rule::stuck_task;
    finding.count = all.size();
    for (const Coroutine* coroutine : all) add_task(finding, trace, *coroutine);
    finding.title = count_text(all.size(), "coroutine") + " can never go on: who held " +
                    wait_text(trace, symbols, first.told.wait.kind, address) + " has ended";
    std::string line =
        coroutine_text(trace, first) + " waits for " + told_wait_text(trace, symbols, first);
    if (const std::string where = await_text(trace, first.await_point); !where.empty())
      line += ", at " + where;
    finding.because.push_back(line);
    doubt_what_is_told(finding);
    finding.created_at = first.created_at;
    finding.wait_object = {wait_kind_name(first.told.wait.kind), address, {}, {}};
    set_await_chain(finding, awaits, first);
    set_ages(finding);
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<Finding> find_coroutine_cycles(const Trace& trace, const Symbols& symbols) {
  const bool any = std::any_of(
      trace.told_objects.begin(), trace.told_objects.end(),
      [](const auto& object) { return object.second.owner_frame > ToldObject::kOverFrame; });
  return any ? Cycles(trace, symbols).find() : std::vector<Finding>();
}

}  // namespace track::analyze
