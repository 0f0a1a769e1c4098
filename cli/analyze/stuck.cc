#include "cli/analyze/stuck.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>

#include "cli/analyze/await_roots.h"
#include "cli/analyze/group.h"
#include "cli/analyze/pool.h"
#include "cli/analyze/recycled.h"
#include "cli/model/told_waits.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

std::string scan_text(const Fixpoint& fixpoint, bool asleep) {
  if (asleep)
    return "no thread of the process can go on" +
           std::string(fixpoint.coherent ? ", as of one instant" : "");
  std::string text =
      "marked from all globals, the kernel's registrations, and the stacks and "
      "registers of the " +
      count_text(fixpoint.live_threads, "thread") +
      " that can go on: " + bytes_text(fixpoint.scanned_bytes);
  if (fixpoint.coherent) text += ", as of one instant";
  if (fixpoint.pause_ns != 0)
    text += " (the process was held for " + duration_text(fixpoint.pause_ns) +
            (fixpoint.pause_for.empty() ? "" : ", for " + fixpoint.pause_for) + ")";
  return text;
}

void add_reasons(Finding& finding, const Fixpoint& fixpoint, bool told, bool asleep) {
  finding.evidence = evidence_of(fixpoint);
  add_scan_reasons(finding, fixpoint, asleep);
  if (!told) return;
  finding.evidence = std::min(finding.evidence, Evidence::likely);
  finding.because.emplace_back(
      "doubt: of waits of the program's own making it is known only what the program itself tells "
      "(track/wait.h)");
}

const Thread* thread_of(const Trace& trace, uint32_t id) {
  for (const Thread& thread : trace.threads)
    if (thread.id == id) return &thread;
  return nullptr;
}

std::string other_text(const Trace& trace, uint32_t id) {
  const Thread* thread = thread_of(trace, id);
  return thread == nullptr ? "thread " + std::to_string(id) : thread_text(*thread);
}

bool in_channel(WaitKind kind) {
  return kind == WaitKind::read || kind == WaitKind::write || kind == WaitKind::poll ||
         kind == WaitKind::epoll;
}

std::string descriptor_text(const Trace& trace, const Wait& wait) {
  std::string text = wait_kind_name(wait.kind);
  if (wait.kind == WaitKind::poll) return text + " of descriptors with both ends in this process";
  text += " of descriptor " + std::to_string(wait.object);
  if (wait.kind == WaitKind::epoll)
    return text + ", which watches only descriptors with both ends in this process";
  const std::string channel = channel_text(trace.channels, wait.object);
  return channel.empty() ? text : text + " (" + channel + ")";
}

std::string reason(const StuckThread& stuck, const Trace& trace) {
  const std::string other = other_text(trace, stuck.other);
  switch (stuck.by) {
    case StuckBy::object:
      return stuck.on_own_stack
                 ? "it lies on the thread's own stack, and nothing that can go on refers to that"
                 : "it lies in a block of " + bytes_text(stuck.object_bytes) +
                       " that nothing that can go on refers to, directly or through other memory";
    case StuckBy::asleep:
      return "every thread of the process waits for another one, no signal is handled, and nothing "
             "else could wake one";
    case StuckBy::owner:
      return "it is held by " + other + ", which can never go on itself";
    case StuckBy::owner_ended:
      if (stuck.other == 0 && !trace.forked)
        return "it is held by a thread that the process has no more";
      if (stuck.other == 0)
        return "it was held when this process was forked off, by another thread of its parent: "
               "here nobody can unlock it";
      return "it is held by " + other + ", which has ended without unlocking it";
    case StuckBy::fiber:
      return "it is held by fiber " + std::to_string(stuck.other) +
             ", which is suspended, and nothing that can go on refers to its stack or to the "
             "registers saved there";
    case StuckBy::join:
      return other + " can never go on itself";
  }
  return {};
}

void describe(Finding& finding, const Trace& trace, const Symbols& symbols, const Thread& sample,
              const StuckThread& stuck) {
  const Wait& wait = stuck.own_wait_told ? sample.wait : seen_wait(sample);
  const char* kind = wait_kind_name(wait.kind);
  finding.title = count_text(finding.count, "thread") + created_in(finding, trace, symbols) +
                  " can never go on: nobody is left who could end " +
                  (finding.count == 1 ? "its wait" : "their waits") + " (" + kind + ")";
  std::string line = thread_text(sample);
  line += wait.kind == WaitKind::join ? " is in pthread_join"
          : in_channel(wait.kind)     ? " is in " + descriptor_text(trace, wait)
                                      : " waits on " + object_text(symbols, kind, wait.object);
  if (wait.since_ns != 0 && trace.taken_ns > wait.since_ns)
    line += " for " + duration_text(trace.taken_ns - wait.since_ns);
  const std::string where = where_text(trace, symbols, wait.stack);
  if (!where.empty()) line += ", in " + where;
  finding.because.push_back(line);
  if (!stuck.own_wait_told && sample.wait_told)
    finding.because.push_back(
        "as the program tells, that is a wait for " +
        object_text(symbols, wait_kind_name(sample.wait.kind), sample.wait.object));
  finding.because.push_back(reason(stuck, trace));
  if (const ToldObject* object = told_object(trace, wait.object);
      stuck.own_wait_told && object != nullptr && object->owner == 0)
    finding.because.push_back("as the program tells, it was " + told_object_text(trace, wait));
  if (in_channel(wait.kind))
    finding.because.push_back(
        std::string("no other process has that descriptor's other end, and ") +
        (wait.kind == WaitKind::write ? "there is no room left for what is to be written"
                                      : "nothing has been sent that could still be read"));
  if (finding.bytes_held != 0)
    finding.because.push_back("only " + std::string(finding.count == 1 ? "it keeps" : "they keep") +
                              " " + bytes_text(finding.bytes_held) + " of memory");
  finding.wait_object.kind = kind;
  finding.wait_object.address = wait.object;
  if (stuck.by == StuckBy::fiber)
    finding.wait_object.owner = "fiber " + std::to_string(stuck.other);
  else if (stuck.other != 0)
    finding.wait_object.owner = other_text(trace, stuck.other);
}

}  // namespace

Evidence evidence_of(const Fixpoint& fixpoint) {
  if (!fixpoint.coherent || !fixpoint.blind.empty()) return Evidence::suspected;
  return fixpoint.doubts.empty() ? Evidence::proved : Evidence::likely;
}

void add_scan_reasons(Finding& finding, const Fixpoint& fixpoint) {
  add_scan_reasons(finding, fixpoint, fixpoint.asleep);
}

void add_scan_reasons(Finding& finding, const Fixpoint& fixpoint, bool asleep) {
  finding.because.push_back(scan_text(fixpoint, asleep));
  if (!fixpoint.coherent)
    finding.because.emplace_back(
        "the process was not held while it was looked at: without that this is no proof");
  for (const std::string& reason : fixpoint.blind)
    finding.because.push_back("no more than suspected: " + reason);
  for (const std::string& doubt : fixpoint.doubts) finding.because.push_back("doubt: " + doubt);
}

std::vector<Finding> find_stuck(const Trace& trace, const Symbols& symbols,
                                const Fixpoint& fixpoint, const std::set<uint32_t>& known) {
  // Threads of a declared pool that is exhausted are one group, wherever they wait.
  using Key = std::tuple<uint64_t, StackIndex, StackIndex, WaitKind, StuckBy, bool>;
  struct Group {
    Finding finding;
    const Thread* thread;
    const StuckThread* stuck;
    std::optional<ExhaustedPool> pool;
    bool told;
    std::string where;
  };
  std::map<Key, Group> groups;
  Places places(trace, symbols);
  Pools pools(trace, symbols, fixpoint.threads);
  const bool by_owner =
      std::any_of(fixpoint.threads.begin(), fixpoint.threads.end(),
                  [](const StuckThread& stuck) { return stuck.by == StuckBy::owner; });
  for (const StuckThread& stuck : fixpoint.threads) {
    const Thread* thread = waiting_thread(trace, stuck);
    if (thread == nullptr || known.count(stuck.id) != 0) continue;
    const StackIndex created_at = places.of(thread->created_at);
    const Wait& wait = stuck.own_wait_told ? thread->wait : seen_wait(*thread);
    const StackIndex blocked_at = places.of(wait.stack);
    auto pool = pools.exhausted(*thread, stuck);
    const bool declared = pool && pool->declared != 0;
    // That its lock's owner is gone is no matter of the pool.
    if (declared && stuck.by == StuckBy::owner_ended) pool.reset();
    const Key key = declared && pool
                        ? Key{pool->declared, 0, 0, WaitKind::none, StuckBy::object, false}
                        : Key{0, created_at, blocked_at, wait.kind, stuck.by, stuck.told};
    const auto [entry, fresh] = groups.try_emplace(key);
    Group& group = entry->second;
    Finding& finding = group.finding;
    finding.count = fresh ? 1 : finding.count + 1;
    finding.bytes_held += stuck.held_bytes;
    group.told |= stuck.told;
    if (!group.pool) group.pool = pool;
    // The same one in every run.
    std::string where = declared ? where_text(trace, symbols, wait.stack) : "";
    if (fresh || where < group.where) {
      group.thread = thread;
      group.stuck = &stuck;
      group.where = std::move(where);
      finding.created_at = created_at;
      finding.blocked_at = blocked_at;
    }
    add_task(finding, trace, *thread);
  }
  std::vector<Finding> findings;
  for (auto& [key, group] : groups) {
    group.finding.rule = Rule::stuck_task;
    describe(group.finding, trace, symbols, *group.thread, *group.stuck);
    if (group.pool) {
      group.finding.rule = Rule::pool_exhausted;
      describe_exhausted(group.finding, *group.pool, trace, symbols);
    }
    add_reasons(group.finding, fixpoint, group.told,
                fixpoint.asleep || (group.told && group.stuck->by == StuckBy::asleep));
    if (by_owner && !trace.stack_switcher.empty()) {
      group.finding.evidence = std::min(group.finding.evidence, Evidence::likely);
      group.finding.because.push_back(
          "doubt: a suspended fiber may hold a lock, which a thread may resume: " +
          trace.stack_switcher);
    }
    set_ages(group.finding);
    findings.push_back(std::move(group.finding));
  }
  return findings;
}

std::vector<Finding> find_orphaned(const Trace& trace, const Symbols& symbols,
                                   const Fixpoint& fixpoint) {
  using Key = std::tuple<StackIndex, uint32_t, bool, bool, FrameCertainty, bool>;
  struct Group {
    Finding finding;
    uint64_t frame_bytes = 0;
    uint64_t awaited = 0;  // frames that these await: counted with them
    bool doubtful = false;
    bool stale = false;  // nothing says that it is still in use, but that it looks so
    const Coroutine* sample = nullptr;
  };
  std::map<Key, Group> groups;
  std::unordered_map<uint64_t, const Orphan*> orphans;
  for (const Orphan& orphan : fixpoint.coroutines) orphans[orphan.address] = &orphan;
  const auto orphan_of = [&](const Coroutine& coroutine) -> const Orphan* {
    const auto known = orphans.find(coroutine.address);
    return known == orphans.end() || known->second->created_ticks != coroutine.created_ticks
               ? nullptr
               : known->second;
  };
  Places places(trace, symbols);
  const AwaitIndex awaits(trace);
  AwaitRoots roots(trace);
  for (const Coroutine& coroutine : trace.coroutines) {
    const Orphan* orphan = orphan_of(coroutine);
    if (orphan == nullptr) continue;
    const Coroutine* root = &roots.root_of(coroutine);
    const Orphan* root_orphan = orphan_of(*root);
    if (root_orphan == nullptr) {
      root = &coroutine;
      root_orphan = orphan;
    }
    const StackIndex created_at = places.of(root->created_at);
    const bool done = root->state == TaskState::done;
    const Key key{created_at,      root->function,        done, root_orphan->inside_block,
                  root->certainty, root_orphan->taken_out};
    Group& group = groups[key];
    Finding& finding = group.finding;
    finding.bytes_held += orphan->held_bytes;
    group.frame_bytes += coroutine.size_bytes;
    if (root != &coroutine) {
      ++group.awaited;
      continue;
    }
    finding.count = finding.tasks.empty() ? 1 : finding.count + 1;
    finding.created_at = created_at;
    group.doubtful |= coroutine.created_at_doubtful;
    group.stale |= root_orphan->inside_block && !coroutine.in_use;
    if (group.sample == nullptr && coroutine.await_point != 0) group.sample = &coroutine;
    add_task(finding, trace, coroutine);
  }
  std::vector<Finding> findings;
  for (auto& [key, group] : groups) {
    const auto& [created_at, function, done, inside, certainty, taken_out] = key;
    Finding& finding = group.finding;
    const bool one = finding.count == 1;
    const std::string its = one ? "its frame" : "their frames";
    finding.rule = Rule::orphaned_coroutine;
    finding.title = count_text(finding.count, "coroutine");
    if (function != 0 && function < trace.functions.size())
      finding.title += " of " + short_function(trace.functions[function]);
    else
      finding.title += created_in(finding, trace, symbols);
    finding.title += done ? " finished, and nobody is left who could destroy "
                          : " can never be resumed: nobody is left who refers to ";
    finding.title += one ? "it" : "them";
    std::string refers = "; nothing that can go on refers to " + its;
    if (group.awaited != 0)
      refers += " and " + std::to_string(group.awaited) + " more that " +
                (one ? "it awaits" : "they await");
    finding.because.push_back(
        std::string(one ? "it is " : "they are ") + (done ? "at final suspension" : "suspended") +
        refers + " (" + bytes_text(group.frame_bytes) + "), directly or through other memory");
    if (group.sample != nullptr) set_await_chain(finding, awaits, *group.sample);
    if (!done && group.sample != nullptr)
      if (const Coroutine& leaf = roots.leaf_of(*group.sample);
          !await_text(trace, leaf.await_point).empty())
        finding.because.push_back((one ? "it stands in " : "one stands in ") +
                                  suspended_text(trace, leaf));
    if (!done && group.sample != nullptr)
      tell_told_wait(finding, trace, symbols, roots.leaf_of(*group.sample));
    if (finding.bytes_held > group.frame_bytes)
      finding.because.push_back("with what only " + std::string(one ? "it keeps" : "they keep") +
                                ", " + bytes_text(finding.bytes_held) + " of memory are lost");
    add_reasons(finding, fixpoint, false, fixpoint.asleep);
    if (group.stale && finding.evidence > Evidence::suspected) {
      finding.evidence = Evidence::suspected;
      finding.because.push_back("no more than suspected: " + its +
                                " may be what a pool still holds of one that is gone");
    } else if (inside && finding.evidence == Evidence::proved) {
      finding.evidence = Evidence::likely;
      finding.because.push_back("doubt: " + its + " lies inside a larger block, maybe of a pool");
    }
    if (taken_out) {
      finding.evidence = std::min(finding.evidence, Evidence::likely);
      finding.because.emplace_back(
          "doubt: a reference still stands where a std::deque or std::vector had an element that "
          "was taken out");
    }
    if (certainty != FrameCertainty::known) {
      finding.evidence =
          std::min(finding.evidence,
                   certainty == FrameCertainty::shaped ? Evidence::likely : Evidence::suspected);
      finding.because.push_back(doubt_of_kind(one));
    }
    if (group.doubtful) finding.because.push_back(doubt_of_stack(created_at == 0));
    set_ages(finding);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace track::analyze
