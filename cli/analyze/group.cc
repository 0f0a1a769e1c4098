#include "cli/analyze/group.h"

#include <algorithm>
#include <cstdio>

#include "cli/model/labels.h"
#include "cli/model/told_waits.h"

namespace track::analyze {
namespace {

uint64_t age(const Trace& trace, uint64_t created_ns) {
  return created_ns != 0 && trace.taken_ns > created_ns ? trace.taken_ns - created_ns : 0;
}

void hash_text(uint64_t& hash, const std::string& text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  hash = (hash ^ 0xff) * 0x100000001b3u;
}

void hash_stack(uint64_t& hash, const Trace& trace, const Symbols& symbols, StackIndex stack) {
  for (const StackLine& line : stack_lines(trace, symbols, stack, Prune::site))
    hash_text(hash, line.function.empty() ? base_name(line.module) : line.function);
  hash_text(hash, "|");
}

}  // namespace

void add_labels(Finding& finding, FindingTask& task, const Trace& trace, uint32_t labels) {
  task.labels = labels;
  const std::string& test = label_value(trace, labels, kTestLabel);
  const std::string& all = finding.test;
  if (test.empty() || (", " + all + ", ").find(", " + test + ", ") != std::string::npos) return;
  finding.test = all.empty() ? test : all + ", " + test;
}

void add_task(Finding& finding, const Trace& trace, const Thread& thread) {
  if (finding.tasks.size() >= kMostTasks) return;
  FindingTask task;
  task.kind = TaskKind::thread;
  task.id = thread.id;
  task.name = thread.name;
  task.tid = thread.tid;
  task.main = thread.main;
  task.state = thread.state;
  task.age_ns = age(trace, thread.created_ns != 0 ? thread.created_ns : thread.started_ns);
  task.created_at = thread.created_at;
  task.blocked_at = thread.wait.stack;
  add_labels(finding, task, trace, thread.labels);
  finding.tasks.push_back(std::move(task));
}

void add_task(Finding& finding, const Trace& trace, const Coroutine& coroutine) {
  if (finding.tasks.size() >= kMostTasks) return;
  FindingTask task;
  task.kind = TaskKind::coroutine;
  task.id = coroutine.id;
  if (coroutine.function < trace.functions.size()) task.name = trace.functions[coroutine.function];
  if (const auto given = trace.coroutine_names.find(coroutine.id);
      given != trace.coroutine_names.end())
    task.given_name = given->second;
  task.state = coroutine.state;
  task.age_ns = age(trace, coroutine.created_ns);
  add_labels(finding, task, trace, coroutine.labels);
  finding.tasks.push_back(std::move(task));
}

void add_task(Finding& finding, const Trace& trace, const Fiber& fiber) {
  if (finding.tasks.size() >= kMostTasks) return;
  FindingTask task;
  task.kind = TaskKind::fiber;
  task.id = fiber.id;
  task.name = fiber.name;
  task.state = fiber.state;
  task.age_ns = age(trace, fiber.created_ns);
  add_labels(finding, task, trace, fiber.labels);
  finding.tasks.push_back(std::move(task));
}

void set_await_chain(Finding& finding, const AwaitIndex& index, const Coroutine& coroutine) {
  const AwaitChain chain = index.chain_of(coroutine);
  finding.await_chain.clear();
  finding.await_cycle = chain.cycle;
  for (const Coroutine* frame : chain.frames) {
    if (finding.await_chain.size() >= kMostTasks) break;
    finding.await_chain.push_back({frame->id, frame->function, frame->await_point,
                                   frame->awaited_by_weak, frame == &coroutine});
  }
}

const char* held_sort_name(HeldSort sort) {
  switch (sort) {
    case HeldSort::mutex:
      return "mutex";
    case HeldSort::read:
      return "rwlock (read)";
    case HeldSort::write:
      return "rwlock (write)";
    case HeldSort::spin:
      return "spinlock";
  }
  return "lock";
}

std::string doubt_of_kind(bool one) {
  return std::string("no symbol says that this is a coroutine: the two functions at the head of ") +
         (one ? "its frame" : "their frames") + " only look like one's resume and destroy";
}

void set_ages(Finding& finding) {
  std::vector<uint64_t> ages;
  for (const FindingTask& task : finding.tasks) ages.push_back(task.age_ns);
  if (ages.empty()) return;
  std::sort(ages.begin(), ages.end());
  finding.age_min_ns = ages.front();
  finding.age_median_ns = ages[ages.size() / 2];
  finding.age_max_ns = ages.back();
}

std::string fingerprint(const Finding& finding, const Trace& trace, const Symbols& symbols) {
  uint64_t hash = 0xcbf29ce484222325u;
  hash_text(hash, rule_name(finding.rule));
  hash_stack(hash, trace, symbols, finding.created_at);
  hash_stack(hash, trace, symbols, finding.blocked_at);
  // Seen from outside, a coroutine has no stacks: its function tells it from others.
  if (finding.created_at == 0 && finding.blocked_at == 0)
    for (const AwaitFrame& frame : finding.await_chain)
      if (frame.self && frame.function < trace.functions.size())
        hash_text(hash, trace.functions[frame.function]);
  // Those that grow have no chain either.
  const bool grows = finding.rule == Rule::growing_tasks && finding.created_at == 0;
  if (grows && !finding.tasks.empty() && finding.tasks.front().kind == TaskKind::coroutine)
    hash_text(hash, finding.tasks.front().name);
  if (!finding.test.empty()) hash_text(hash, finding.test);
  if (!finding.scope.empty()) hash_text(hash, "scope " + finding.scope);
  if (!finding.pool.empty()) hash_text(hash, "pool " + finding.pool);
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

StackIndex Places::of(StackIndex stack) {
  const auto [entry, fresh] = known_.try_emplace(stack, stack);
  if (!fresh || stack == 0) return entry->second;
  std::string text;
  for (const StackLine& line : stack_lines(trace_, symbols_, stack, Prune::site)) {
    text += line.function.empty() ? line_text(line) : line.function;
    text += ":" + std::to_string(line.line) + "\n";
  }
  if (stack < trace_.stacks.size())
    for (const char* key : {kTestLabel, kExpectedLabel})
      text += label_value(trace_, trace_.stacks[stack].labels, key) + "\n";
  entry->second = by_text_.try_emplace(text, stack).first->second;
  return entry->second;
}

void tell_told_wait(Finding& finding, const Trace& trace, const Symbols& symbols,
                    const Coroutine& coroutine) {
  const std::string text = told_wait_text(trace, symbols, coroutine);
  if (text.empty()) return;
  finding.because.push_back((finding.count == 1 ? "as the program tells, it waits for "
                                                : "as the program tells, one waits for ") +
                            text);
  finding.wait_object.kind = wait_kind_name(coroutine.told.wait.kind);
  finding.wait_object.address = coroutine.told.wait.object;
}

std::string created_in(const Finding& finding, const Trace& trace, const Symbols& symbols) {
  const auto lines = stack_lines(trace, symbols, finding.created_at, Prune::plumbing);
  if (lines.empty()) return {};
  const StackLine& line = lines.front();
  return " created in " + (line.function.empty() ? line_text(line) : short_function(line.function));
}

}  // namespace track::analyze
