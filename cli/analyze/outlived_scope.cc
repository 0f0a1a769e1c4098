#include "cli/analyze/outlived_scope.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "cli/analyze/await_roots.h"
#include "cli/analyze/group.h"
#include "cli/model/labels.h"
#include "cli/model/wait_text.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

// What is only just about to end may need so long, on a busy machine.
constexpr uint64_t kGrace_ns = 500000000;

// The innermost scope around the task that has ended; 0: none. in_time: it was made before the end.
struct Ended {
  uint32_t scope = 0;
  bool in_time = false;
};
Ended ended_scope(const Trace& trace, uint32_t labels, uint64_t created_ns) {
  const auto inside = trace.label_scopes.find(labels);
  Ended late;
  uint32_t at = inside == trace.label_scopes.end() ? 0 : inside->second;
  for (size_t steps = 0; at != 0 && at <= trace.scopes.size() && steps < trace.scopes.size();
       ++steps) {
    const TaskScope& scope = trace.scopes[at - 1];
    // A task from before the scope has the label of an earlier one.
    if (created_ns == 0 || created_ns < scope.opened_ns) return {};
    if (scope.ended && created_ns <= scope.ended_ns) return {at, true};
    if (scope.ended && late.scope == 0) late.scope = at;
    at = scope.parent;
  }
  return late;
}

struct Group {
  Finding finding;
  uint32_t scope = 0;  // of the first
  bool doubted = false;
  bool late = false;
  const Thread* thread = nullptr;  // the first
  const Coroutine* coroutine = nullptr;
};

class Finder {
 public:
  Finder(const Trace& trace, const Symbols& symbols, Explained& explained)
      : trace_(trace), symbols_(symbols), explained_(explained), places_(trace, symbols) {}

  std::vector<Finding> find() {
    for (const Thread& thread : trace_.threads) look_at(thread);
    for (const Fiber& fiber : trace_.fibers) look_at(fiber);
    look_at_coroutines();
    std::vector<Finding> findings;
    for (auto& [key, group] : groups_) findings.push_back(described(group));
    return findings;
  }

 private:
  using Key = std::tuple<TaskKind, std::string, bool, StackIndex, StackIndex, std::string>;

  template <class Task>
  Group& add(TaskKind kind, const Task& task, Ended ended, StackIndex at,
             const std::string& function) {
    const TaskScope& scope = trace_.scopes[ended.scope - 1];
    const StackIndex created_at = places_.of(task.created_at);
    const std::string& mark = label_value(trace_, task.labels, kExpectedLabel);
    const std::string& test = label_value(trace_, task.labels, kTestLabel);
    Group& group = groups_[{kind, scope.name, ended.in_time, created_at, at,
                            function + "\n" + mark + "\n" + test}];
    Finding& finding = group.finding;
    if (finding.tasks.empty()) {
      group.scope = ended.scope;
      finding.count = 0;
    }
    ++finding.count;
    finding.created_at = created_at;
    finding.blocked_at = at;
    finding.scope = scope.name.empty() ? "unnamed" : scope.name;
    group.late = !ended.in_time;
    const bool settled = trace_.held_at_exit || trace_.taken_ns >= scope.ended_ns + kGrace_ns;
    group.doubted = group.doubted || !settled;
    add_task(finding, trace_, task);
    return group;
  }

  void look_at(const Thread& thread) {
    const bool there = thread.state == TaskState::running || thread.state == TaskState::created ||
                       thread.state == TaskState::blocked;
    if (!there || thread.main || thread.joined || thread.adopted || thread.found ||
        thread.kernel == KernelView::gone || explained_.threads.count(thread.id) != 0)
      return;
    const Ended ended = ended_scope(trace_, thread.labels, thread.created_ns);
    if (ended.scope == 0) return;
    const StackIndex at = thread.wait.stack != 0 ? thread.wait.stack : thread.running_at;
    Group& group = add(TaskKind::thread, thread, ended, places_.of(at), "");
    if (group.thread == nullptr) group.thread = &thread;
    explained_.threads.insert(thread.id);
  }

  void look_at(const Fiber& fiber) {
    if (explained_.fibers.count(fiber.id) != 0) return;
    const Ended ended = ended_scope(trace_, fiber.labels, fiber.created_ns);
    if (ended.scope == 0) return;
    add(TaskKind::fiber, fiber, ended, places_.of(fiber.suspended_at), "");
    explained_.fibers.insert(fiber.id);
  }

  // What one that is found awaits is a part of its chain.
  void look_at_coroutines() {
    if (trace_.scopes.empty()) return;
    AwaitRoots roots(trace_);
    std::vector<uint64_t> found;
    for (const Coroutine& coroutine : trace_.coroutines) {
      if (coroutine.certainty != FrameCertainty::known ||
          explained_.frames.count(coroutine.address) != 0)
        continue;
      const Ended ended = ended_scope(trace_, coroutine.labels, coroutine.created_ns);
      if (ended.scope == 0) continue;
      found.push_back(coroutine.address);
      const Coroutine& root = roots.root_of(coroutine);
      if (root.address != coroutine.address &&
          ended_scope(trace_, root.labels, root.created_ns).scope != 0 &&
          root.certainty == FrameCertainty::known)
        continue;
      const bool named = coroutine.function < trace_.functions.size();
      Group& group = add(TaskKind::coroutine, coroutine, ended, 0,
                         named ? trace_.functions[coroutine.function] : "");
      group.finding.bytes_held += coroutine.size_bytes;
      if (group.coroutine == nullptr) group.coroutine = &coroutine;
      // The block's earlier user may have been the one that the label is of.
      if (coroutine.created_at_doubtful) group.doubted = true;
    }
    explained_.frames.insert(found.begin(), found.end());
  }

  std::string ago(uint64_t ns) const {
    return trace_.taken_ns > ns ? duration_text(trace_.taken_ns - ns) : "0 ms";
  }

  Finding described(Group& group) {
    Finding& finding = group.finding;
    const TaskScope& scope = trace_.scopes[group.scope - 1];
    const bool one = finding.count == 1;
    const TaskKind kind = finding.tasks.front().kind;
    std::string what = count_text(finding.count, task_kind_name(kind));
    if (group.coroutine != nullptr && group.coroutine->function != 0 &&
        group.coroutine->function < trace_.functions.size())
      what += " of " + short_function(trace_.functions[group.coroutine->function]);
    else
      what += created_in(finding, trace_, symbols_);
    finding.rule = Rule::outlived_task;
    finding.title = what + " outlived the scope '" + finding.scope + "'";
    std::string line = "scope '" + finding.scope + "'";
    if (const std::string where = opened_text(trace_, symbols_, scope.opened_at); !where.empty())
      line += ", opened in " + where + ",";
    line += " ended " + ago(scope.ended_ns) + (trace_.gone ? " before the record's end" : " ago");
    if (scope.ender != 0 && scope.ender != scope.opener)
      line += ", on thread " + std::to_string(scope.ender);
    finding.because.push_back(line);
    const std::string they = one ? "it" : "they";
    if (group.late)
      line = they + (one ? " was" : " were") + " started after that, by what still was in it";
    else
      line = they + (one ? " was" : " were") + " started in it, and had not finished when it ended";
    finding.because.push_back(line + ": the program says that nothing does that (track/track.h)");
    if (group.thread != nullptr && group.thread->wait.kind != WaitKind::none) {
      const Wait& wait = group.thread->wait;
      line = thread_text(*group.thread) + " waits on " +
             wait_text(trace_, symbols_, wait.kind, wait.object);
      if (wait.since_ns != 0) line += " for " + ago(wait.since_ns);
      finding.because.push_back(line);
      finding.wait_object.kind = wait_kind_name(wait.kind);
      finding.wait_object.address = wait.object;
    }
    if (group.coroutine != nullptr)
      if (const std::string where = await_text(trace_, group.coroutine->await_point);
          !where.empty())
        finding.because.push_back("suspended at " + where);
    const bool sure = !group.late && !group.doubted;
    finding.evidence = sure ? Evidence::likely : Evidence::suspected;
    finding.because.push_back(
        sure ? "not proved: " + they + " may still finish by " + (one ? "itself" : "themselves")
        : group.late ? "no more than suspected: who started " + std::string(one ? "it" : "them") +
                           " may have kept the scope's labels for something else"
                     : "no more than suspected: " + they + " may be just about to finish");
    set_ages(finding);
    return std::move(finding);
  }

  const Trace& trace_;
  const Symbols& symbols_;
  Explained& explained_;
  Places places_;
  std::map<Key, Group> groups_;
};

}  // namespace

std::vector<Finding> find_outlived_scopes(const Trace& trace, const Symbols& symbols,
                                          Explained& explained) {
  if (trace.scopes.empty() || trace.superseded || !trace.prepared) return {};
  return Finder(trace, symbols, explained).find();
}

}  // namespace track::analyze
