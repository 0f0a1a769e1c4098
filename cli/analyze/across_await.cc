#include "cli/analyze/across_await.h"

#include <algorithm>
#include <map>

#include "cli/analyze/edge_teller.h"
#include "cli/analyze/group.h"
#include "cli/analyze/stuck.h"
#include "cli/analyze/wait_graph.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

constexpr size_t kMostWaiters = 4;

// One lock, who took it, and the suspended coroutines that may be the ones that hold it.
struct HeldAcross {
  uint64_t lock = 0;
  const Thread* holder = nullptr;
  std::vector<const Coroutine*> coroutines;
  std::vector<WaitEdge> waiters;                     // for this lock, of this holder
  std::vector<const Thread*> behind_ended = {};      // who waits, when the holder is no more
  std::vector<const Coroutine*> maybe_running = {};  // on that thread's stack
  bool by_code = false;                              // only their code names the lock
  bool lock_on_stack = false;                        // the thread may have taken it for itself
};

const Held* held_by(const Thread& thread, uint64_t lock) {
  const auto held = std::find_if(thread.held.begin(), thread.held.end(),
                                 [&](const Held& h) { return h.object == lock; });
  return held == thread.held.end() ? nullptr : &*held;
}

class Finder {
 public:
  Finder(const Trace& trace, const Symbols& symbols, const std::set<uint32_t>& cycles,
         const Fixpoint& fixpoint)
      : trace_(trace),
        symbols_(symbols),
        cycles_(cycles),
        fixpoint_(fixpoint),
        awaits_(trace),
        graph_(build_wait_graph(trace)) {}

  std::vector<Finding> find() {
    std::vector<Finding> findings;
    for (const HeldAcross& held : gather()) {
      Finding finding = judge(held);
      if (!finding.because.empty()) findings.push_back(std::move(finding));
    }
    return findings;
  }

 private:
  std::vector<HeldAcross> gather() const {
    std::map<uint32_t, const Thread*> threads;
    for (const Thread& thread : trace_.threads) threads[thread.id] = &thread;
    std::map<uint64_t, const Coroutine*> frames;
    for (const FrameLock& found : trace_.frame_locks) frames[found.frame] = nullptr;
    for (const Coroutine& coroutine : trace_.coroutines)
      if (const auto frame = frames.find(coroutine.address); frame != frames.end())
        frame->second = &coroutine;
    std::map<std::pair<uint64_t, uint32_t>, HeldAcross> by_lock;
    for (const FrameLock& found : trace_.frame_locks) {
      const Coroutine* coroutine = frames.at(found.frame);
      if (coroutine != nullptr && found.holder == 0) {
        note_of_ended(found, *coroutine, by_lock[{found.lock, 0}]);
        continue;
      }
      const auto holder = threads.find(found.holder);
      if (coroutine == nullptr || holder == threads.end() ||
          coroutine->state != TaskState::suspended)
        continue;
      const Held* held = held_by(*holder->second, found.lock);
      if (held == nullptr || memory_contradicts(trace_, *holder->second, *held)) continue;
      HeldAcross& entry = by_lock[{found.lock, found.holder}];
      if (found.frame_on_stack) {
        if (!found.by_code) entry.maybe_running.push_back(coroutine);
        entry.lock = found.lock;
        entry.holder = holder->second;
        continue;
      }
      // A frame says more than code that all of its function share.
      if (!entry.coroutines.empty() && entry.by_code != found.by_code) {
        if (found.by_code) continue;
        entry.coroutines.clear();
      }
      entry.by_code = found.by_code;
      entry.lock = found.lock;
      entry.holder = holder->second;
      entry.coroutines.push_back(coroutine);
      entry.lock_on_stack |= found.lock_on_stack;
    }
    std::vector<HeldAcross> result;
    for (auto& [key, entry] : by_lock) {
      for (const auto& edges : graph_.edges)
        for (const WaitEdge& edge : edges)
          if (&trace_.threads[edge.owner] == entry.holder && !edge.queued_writer &&
              trace_.threads[edge.waiter].wait.object == entry.lock)
            entry.waiters.push_back(edge);
      // Of several only one can be what the thread runs while it waits for the lock itself.
      if (entry.coroutines.empty() && entry.maybe_running.size() > 1 && waits_itself(entry))
        entry.coroutines = std::move(entry.maybe_running);
      if (!entry.coroutines.empty()) result.push_back(std::move(entry));
    }
    return result;
  }

  // Seen from outside: the lock's word names an owner that is no thread of the process any more.
  void note_of_ended(const FrameLock& found, const Coroutine& coroutine, HeldAcross& entry) const {
    if (coroutine.state != TaskState::suspended) return;
    if (!entry.coroutines.empty() && entry.by_code != found.by_code) {
      if (found.by_code) return;
      entry.coroutines.clear();
    }
    entry.lock = found.lock;
    entry.by_code = found.by_code;
    entry.coroutines.push_back(&coroutine);
    if (!entry.behind_ended.empty()) return;
    for (const Thread& thread : trace_.threads)
      if (thread.wait.kind == WaitKind::mutex && thread.wait.object == found.lock)
        entry.behind_ended.push_back(&thread);
  }

  // Nothing but what the words of memory say; who may resume the coroutine is not asked.
  Finding of_ended(const HeldAcross& held) const {
    Finding finding;
    const Coroutine& first = *held.coroutines.front();
    const std::string object = object_text(symbols_, "mutex", held.lock);
    finding.rule = Rule::lock_across_await;
    finding.count = held.coroutines.size();
    finding.title =
        (finding.count == 1 ? coroutine_text(trace_, first) + " is"
                            : "one of " + std::to_string(finding.count) + " coroutines is") +
        " suspended while it holds " + object;
    finding.because.push_back(object + " is locked, and its word names thread id " +
                              std::to_string(held.behind_ended.front()->wait.owner_tid) +
                              ", which is no more");
    for (const Coroutine* coroutine : held.coroutines) {
      if (finding.tasks.size() < kMostWaiters)
        finding.because.push_back((held.by_code ? "the code of " : "the frame of ") +
                                  suspended_text(trace_, *coroutine) + " refers to it");
      add_task(finding, trace_, *coroutine);
    }
    for (size_t i = 0; i < std::min(held.behind_ended.size(), kMostWaiters); ++i)
      finding.because.push_back(thread_text(*held.behind_ended[i]) + " waits for it, in " +
                                where_text(trace_, symbols_, held.behind_ended[i]->wait.stack));
    finding.because.emplace_back(
        "no more than suspected: seen from outside, nobody knows who took "
        "the lock, and whether somebody is about to resume the coroutine");
    finding.blocked_at = held.behind_ended.front()->wait.stack;
    finding.wait_object = {"mutex", held.lock, {}, {}};
    set_await_chain(finding, awaits_, first);
    set_ages(finding);
    return finding;
  }

  bool waits_itself(const HeldAcross& held) const {
    return std::any_of(held.waiters.begin(), held.waiters.end(),
                       [&](const WaitEdge& edge) { return edge.waiter == edge.owner; });
  }

  bool orphaned(const Coroutine& coroutine) const {
    return std::any_of(fixpoint_.coroutines.begin(), fixpoint_.coroutines.end(),
                       [&](const Orphan& orphan) {
                         return orphan.address == coroutine.address &&
                                orphan.created_ticks == coroutine.created_ticks;
                       });
  }

  bool waits_for_it(const HeldAcross& held) const {
    return std::any_of(held.waiters.begin(), held.waiters.end(), [&](const WaitEdge& edge) {
      return cycles_.count(trace_.threads[edge.waiter].id) != 0;
    });
  }

  Finding judge(const HeldAcross& held) const {
    if (!held.behind_ended.empty()) return of_ended(held);
    Finding finding;
    if (held.holder == nullptr) return finding;
    const bool one = held.coroutines.size() == 1;
    const bool in_cycle = waits_for_it(held) && cycles_.count(held.holder->id) != 0;
    const bool lost = std::all_of(held.coroutines.begin(), held.coroutines.end(),
                                  [&](const Coroutine* c) { return orphaned(*c); });
    const bool ended = held.holder->state == TaskState::ended;
    if (!in_cycle && !lost && !ended && held.waiters.empty() && !trace_.held_at_exit &&
        !trace_.gone)
      return finding;
    finding.rule = Rule::lock_across_await;
    finding.evidence = Evidence::suspected;
    if (one && in_cycle) finding.evidence = Evidence::proved;
    if (one && lost && !held.lock_on_stack)
      finding.evidence = std::max(finding.evidence, evidence_of(fixpoint_));
    if (held.by_code) finding.evidence = std::min(finding.evidence, Evidence::likely);
    describe(finding, held);
    if (lost && !in_cycle) add_scan_reasons(finding, fixpoint_);
    if (finding.evidence == Evidence::suspected && one && !lost)
      finding.because.emplace_back(
          "whether somebody is about to resume it, only the program knows");
    return finding;
  }

  void describe(Finding& finding, const HeldAcross& held) const {
    const bool one = held.coroutines.size() == 1;
    const Held* entry = held_by(*held.holder, held.lock);
    const char* kind = entry->sort == HeldSort::mutex  ? "mutex"
                       : entry->sort == HeldSort::spin ? "spinlock"
                                                       : "rwlock";
    const std::string object = object_text(symbols_, kind, held.lock);
    const Coroutine& first = *held.coroutines.front();
    finding.count = held.coroutines.size();
    finding.title = (one ? coroutine_text(trace_, first) + " is"
                         : "one of " + std::to_string(held.coroutines.size()) + " coroutines is") +
                    " suspended while it holds " + object;
    finding.because.push_back(thread_text(*held.holder) + " took " + object +
                              (held.holder->state == TaskState::ended
                                   ? " and ended without giving it back"
                                   : " and has not given it back"));
    for (const Coroutine* coroutine : held.coroutines) {
      if (finding.tasks.size() < kMostWaiters) {
        finding.because.push_back((held.by_code ? "the code of " : "the frame of ") +
                                  suspended_text(trace_, *coroutine) + " refers to it" +
                                  (held.by_code ? "" : ", as a lock guard does") +
                                  ", and the thread has left that " + "coroutine");
      }
      add_task(finding, trace_, *coroutine);
    }
    for (size_t i = 0; i < std::min(held.waiters.size(), kMostWaiters); ++i)
      finding.because.push_back(EdgeTeller(trace_, symbols_).tell(held.waiters[i]));
    if (held.waiters.size() > kMostWaiters)
      finding.because.push_back(
          "and " + count_text(held.waiters.size() - kMostWaiters, "more thread") + " wait for it");
    finding.created_at = first.created_at;
    if (!held.waiters.empty())
      finding.blocked_at = trace_.threads[held.waiters.front().waiter].wait.stack;
    finding.wait_object.kind = kind;
    finding.wait_object.address = held.lock;
    finding.wait_object.owner = thread_text(*held.holder);
    set_await_chain(finding, awaits_, first);
    set_ages(finding);
  }

  const Trace& trace_;
  const Symbols& symbols_;
  const std::set<uint32_t>& cycles_;
  const Fixpoint& fixpoint_;
  const AwaitIndex awaits_;
  const WaitGraph graph_;
};

}  // namespace

std::vector<Finding> find_locks_across_await(const Trace& trace, const Symbols& symbols,
                                             const std::set<uint32_t>& cycles,
                                             const Fixpoint& fixpoint) {
  if (trace.frame_locks.empty()) return {};
  return Finder(trace, symbols, cycles, fixpoint).find();
}

}  // namespace track::analyze
