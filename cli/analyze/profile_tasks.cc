#include "cli/analyze/profile_tasks.h"

#include <unordered_map>

#include "cli/model/await_chain.h"
#include "cli/model/finding.h"
#include "cli/model/labels.h"
#include "cli/model/profile_builder.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

constexpr size_t kMostAwaiters = 128;  // of one coroutine's stack

class Tasks {
 public:
  Tasks(const Trace& trace, const Symbols& symbols, const std::string& type, TaskStacks stacks)
      : trace_(trace), builder_(trace, symbols, type), stacks_(stacks), awaits_(trace) {
    Profile& profile = builder_.profile();
    profile.value_types = {{type, "count"}};
    profile.period_type = profile.value_types[0];
    profile.period = 1;
  }

  void add(const Thread& thread) {
    std::vector<ProfileLabel> labels = {
        text_label("kind", "thread"),
        text_label("state", thread.wait.kind != WaitKind::none ? wait_kind_name(thread.wait.kind)
                                                               : task_state_name(thread.state))};
    if (!thread.name.empty()) labels.push_back(text_label("name", thread.name));
    add_labels(labels, thread.labels);
    add_age(labels, thread.created_ns != 0 ? thread.created_ns : thread.started_ns);
    const StackIndex at = thread.wait.stack != 0 ? thread.wait.stack : thread.running_at;
    std::vector<uint32_t> where = builder_.stack(at);
    if (where.empty() && thread.state == TaskState::ended)
      where.push_back(builder_.line("(ended, not joined)"));
    add(std::move(where), thread.created_at, std::move(labels));
  }

  void add(const Coroutine& coroutine) {
    std::vector<ProfileLabel> labels = {text_label("kind", "coroutine"),
                                        text_label("state", state_of(coroutine))};
    add_labels(labels, coroutine.labels);
    add_age(labels, coroutine.created_ns);
    add(await_stack(coroutine), coroutine.created_at, std::move(labels));
  }

  void add(const Fiber& fiber) {
    std::vector<ProfileLabel> labels = {text_label("kind", "fiber"),
                                        text_label("state", task_state_name(fiber.state))};
    add_labels(labels, fiber.labels);
    add_age(labels, fiber.created_ns);
    add(builder_.stack(fiber.suspended_at), fiber.created_at, std::move(labels));
  }

  Profile finish() { return builder_.finish(); }

 private:
  void add(std::vector<uint32_t> where, StackIndex created, std::vector<ProfileLabel> labels) {
    std::vector<uint32_t> stack;
    if (stacks_ == TaskStacks::site)
      stack = builder_.stack(created, Prune::plumbing);
    else if (stacks_ == TaskStacks::where)
      stack = std::move(where);
    else
      stack = builder_.joined(std::move(where), builder_.stack(created));
    builder_.add(std::move(stack), std::move(labels), {1});
  }

  // The program's own; one that is called as one of ours has the program's name before it.
  void add_labels(std::vector<ProfileLabel>& labels, uint32_t set) const {
    for (const Label& label : labels_at(trace_, set)) {
      const bool taken =
          label.key == "kind" || label.key == "state" || label.key == "name" || label.key == "age";
      labels.push_back(text_label((taken ? "program." : "") + label.key, label.value));
    }
  }

  void add_age(std::vector<ProfileLabel>& labels, uint64_t since_ns) const {
    if (since_ns != 0 && trace_.taken_ns >= since_ns)
      labels.push_back(age_label(trace_.taken_ns - since_ns));
  }

  std::string state_of(const Coroutine& coroutine) const {
    if (coroutine.state == TaskState::suspended &&
        coroutine.await_point < trace_.await_points.size()) {
      const AwaitStage stage = trace_.await_points[coroutine.await_point].stage;
      if (stage == AwaitStage::initial) return "not started";
      if (stage == AwaitStage::final) return "finished";
    }
    return coroutine.state == TaskState::unknown ? "recorded" : task_state_name(coroutine.state);
  }

  uint32_t line_of(const Coroutine& coroutine) {
    const uint64_t key = uint64_t{coroutine.function} << 32 | coroutine.await_point;
    const auto [entry, fresh] = lines_.try_emplace(key);
    if (!fresh) return entry->second;
    std::string function = "(coroutine of unknown function)", file;
    uint32_t line = 0;
    if (coroutine.function != 0 && coroutine.function < trace_.functions.size())
      function = trace_.functions[coroutine.function];
    if (coroutine.await_point < trace_.await_points.size()) {
      const AwaitPoint& point = trace_.await_points[coroutine.await_point];
      file = point.file;
      line = point.line;
    }
    return entry->second = builder_.line(function, file, line);
  }

  // Itself, who awaits it, who awaits that one.
  std::vector<uint32_t> await_stack(const Coroutine& coroutine) {
    std::vector<uint32_t> stack = {line_of(coroutine)};
    for (const Coroutine* above = awaits_.at(coroutine.awaited_by); above != nullptr;
         above = awaits_.at(above->awaited_by)) {
      if (above == &coroutine || stack.size() == kMostAwaiters) {
        stack.push_back(builder_.line(above == &coroutine ? "(await cycle)" : "(truncated)"));
        break;
      }
      stack.push_back(line_of(*above));
    }
    return stack;
  }

  const Trace& trace_;
  ProfileBuilder builder_;
  TaskStacks stacks_;
  AwaitIndex awaits_;
  std::unordered_map<uint64_t, uint32_t> lines_;  // by function and await point
};

}  // namespace

Profile profile_tasks(const Trace& trace, const Symbols& symbols, const std::string& type,
                      TaskStacks stacks) {
  Tasks tasks(trace, symbols, type, stacks);
  if (type != "coroutines")
    for (const Thread& thread : trace.threads) tasks.add(thread);
  if (type != "threads")
    for (const Coroutine& coroutine : trace.coroutines) tasks.add(coroutine);
  if (type == "tasks")
    for (const Fiber& fiber : trace.fibers) tasks.add(fiber);
  return tasks.finish();
}

std::optional<Profile> profile_thread_creations(const Trace& trace, const Symbols& symbols) {
  if (!trace.prepared) return std::nullopt;
  ProfileBuilder builder(trace, symbols, "threadcreate");
  Profile& profile = builder.profile();
  profile.value_types = {{"threadcreate", "count"}};
  profile.period_type = profile.value_types[0];
  profile.period = 1;
  for (const ThreadOrigin& origin : trace.thread_origins)
    builder.add(builder.stack(origin.created_at), {}, {static_cast<int64_t>(origin.count)});
  if (trace.unknown_origins != 0)
    builder.add({builder.line("(their stacks found no room)")}, {},
                {static_cast<int64_t>(trace.unknown_origins)});
  return builder.finish();
}

}  // namespace track::analyze
