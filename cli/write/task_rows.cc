#include <algorithm>
#include <functional>
#include <tuple>
#include <unordered_map>

#include "cli/model/await_chain.h"
#include "cli/model/labels.h"
#include "cli/write/tasks.h"

namespace track::write {
namespace {

constexpr size_t kMostCoroutineRows = 50;

uint64_t past(const Trace& trace, uint64_t ns) {
  return ns != 0 && trace.taken_ns > ns ? trace.taken_ns - ns : 0;
}

std::string state_text(const Thread& thread) {
  if (thread.state == TaskState::blocked)
    return std::string(wait_kind_name(thread.wait.kind)) + (thread.wait.timed ? ", timed" : "");
  if (thread.state == TaskState::running && thread.kernel == KernelView::gone) return "gone";
  return task_state_name(thread.state);
}

TaskRow row_of(const Trace& trace, const Thread& thread) {
  TaskRow row;
  row.id = thread.id;
  row.creator = thread.creator;
  row.name = thread.main ? "main" : thread.name;
  row.tid = thread.tid;
  row.main = thread.main;
  row.state = state_text(thread);
  row.task_state = thread.state;
  row.wait = thread.wait;
  row.inner_kind = thread.wait_told ? thread.inner.kind : WaitKind::none;
  row.age_ns = past(trace, thread.created_ns != 0 ? thread.created_ns : thread.started_ns);
  row.since_ns =
      past(trace, thread.state == TaskState::ended ? thread.ended_ns : thread.wait.since_ns);
  row.on_cpu = thread.kernel == KernelView::running;
  row.schedule = thread.schedule;
  row.at = thread.wait.stack != 0 ? thread.wait.stack : thread.running_at;
  row.labels = thread.labels;
  row.labels_now = thread.labels_now;
  row.created_at = thread.created_at;
  return row;
}

// Following those that await it leads back to it.
bool on_cycle(const AwaitIndex& awaits, const Coroutine& coroutine) {
  constexpr int kLongest = 10000;
  const Coroutine* at = awaits.at(coroutine.awaited_by);
  for (int n = 0; n < kLongest && at != nullptr; ++n) {
    if (at == &coroutine) return true;
    at = awaits.at(at->awaited_by);
  }
  return false;
}

void use_told(TaskRow& row, const ToldWait& wait) {
  if (wait.kind == WaitKind::none) return;
  row.state += std::string(", ") + wait_kind_name(wait.kind);
  row.wait.kind = wait.kind;
  row.wait.timed = wait.timed;
  row.wait.object = wait.object;
  row.wait.since_ns = wait.since_ns;
}

TaskRow row_of(const Trace& trace, const Coroutine& coroutine, const AwaitIndex& awaits) {
  TaskRow row;
  row.function = coroutine.function;
  row.await_point = coroutine.await_point;
  row.awaited_by_weak = coroutine.awaited_by_weak;
  if (const Coroutine* above = awaits.at(coroutine.awaited_by)) row.awaited_by = above->id;
  if (const Coroutine* below = awaits.at(coroutine.awaits)) row.awaits = below->id;
  row.cycle = on_cycle(awaits, coroutine);
  row.kind = TaskKind::coroutine;
  row.id = coroutine.id;
  row.creator = coroutine.creator;
  if (coroutine.function < trace.functions.size()) row.name = trace.functions[coroutine.function];
  if (const auto given = trace.coroutine_names.find(coroutine.id);
      given != trace.coroutine_names.end())
    row.given_name = given->second;
  row.task_state = coroutine.state;
  row.state = coroutine.state == TaskState::unknown ? "recorded" : task_state_name(coroutine.state);
  row.age_ns = past(trace, coroutine.created_ns);
  row.since_ns = past(trace, coroutine.since_ns);
  if (coroutine.state == TaskState::suspended) use_told(row, coroutine.told.wait);
  row.resumes = coroutine.told.resumes;
  row.told = coroutine.told.known();
  row.bytes = coroutine.size_bytes;
  row.thread = coroutine.thread;
  row.labels = row.labels_now = coroutine.labels;
  row.created_at = coroutine.created_at;
  row.certainty = coroutine.certainty;
  return row;
}

TaskRow row_of(const Trace& trace, const Fiber& fiber) {
  TaskRow row;
  row.kind = TaskKind::fiber;
  row.id = fiber.id;
  row.creator = fiber.creator;
  row.name = fiber.name.empty() ? "fiber" : fiber.name;
  row.task_state = fiber.state;
  row.state = task_state_name(fiber.state);
  row.age_ns = past(trace, fiber.created_ns);
  row.since_ns = past(trace, fiber.switched_ns);
  row.bytes = fiber.stack_high - fiber.stack_low;
  row.thread = fiber.thread;
  row.at = fiber.suspended_at;
  use_told(row, fiber.told);
  row.labels = row.labels_now = fiber.labels;
  row.created_at = fiber.created_at;
  return row;
}

bool wanted_state(const TaskFilter& filter, TaskState state, const Wait& wait) {
  return filter.state.empty() || filter.state == task_state_name(state) ||
         filter.state == wait_kind_name(wait.kind);
}

void merge(TaskRow& into, const TaskRow& row) {
  into.count += row.count;
  into.age_ns = std::max(into.age_ns, row.age_ns);
  into.since_ns = std::max(into.since_ns, row.since_ns);
  into.bytes += row.bytes;
}

// Coroutines alike in function, place, state and creation stack.
std::vector<TaskRow> coroutine_rows(const Trace& trace, const TaskFilter& filter, bool grouped) {
  struct Key {
    StackIndex created_at;
    uint32_t function;
    uint32_t await_point;
    TaskState state;
    FrameCertainty certainty;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const {
      return (uint64_t{key.created_at} << 32 | key.function) * 0x9e3779b97f4a7c15u +
             uint64_t{key.await_point} * 64 + static_cast<size_t>(key.state) * 8 +
             static_cast<size_t>(key.certainty);
    }
  };
  std::vector<TaskRow> rows;
  std::unordered_map<Key, size_t, Hash> known;
  const AwaitIndex awaits = grouped ? AwaitIndex(Trace{}) : AwaitIndex(trace);
  for (const Coroutine& coroutine : trace.coroutines) {
    const uint64_t age = past(trace, coroutine.created_ns);
    if (age < filter.min_age_ns || !wanted_state(filter, coroutine.state, Wait{})) continue;
    if (grouped) {
      const Key key{coroutine.created_at, coroutine.function, coroutine.await_point,
                    coroutine.state, coroutine.certainty};
      const auto [entry, fresh] = known.try_emplace(key, rows.size());
      if (!fresh) {
        TaskRow& row = rows[entry->second];
        ++row.count;
        row.age_ns = std::max(row.age_ns, age);
        row.since_ns = std::max(row.since_ns, past(trace, coroutine.since_ns));
        row.bytes += coroutine.size_bytes;
        const auto given = trace.coroutine_names.find(coroutine.id);
        if (given == trace.coroutine_names.end() || given->second != row.given_name)
          row.given_name.clear();
        continue;
      }
    }
    rows.push_back(row_of(trace, coroutine, awaits));
  }
  return rows;
}

void group(std::vector<TaskRow>& rows, const std::function<std::string(const TaskRow&)>& key_of) {
  std::unordered_map<std::string, size_t> known;
  std::vector<TaskRow> result;
  for (TaskRow& row : rows) {
    const auto [entry, fresh] = known.try_emplace(key_of(row), result.size());
    if (fresh)
      result.push_back(std::move(row));
    else
      merge(result[entry->second], row);
  }
  rows = std::move(result);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const TaskRow& a, const TaskRow& b) { return a.count > b.count; });
}

}  // namespace

std::vector<TaskRow> task_rows(const ProcessReport& process, const TaskFilter& filter) {
  const Trace& trace = process.trace;
  std::vector<TaskRow> rows;
  if (filter.kind.empty() || filter.kind == "thread")
    for (const Thread& thread : trace.threads) {
      TaskRow row = row_of(trace, thread);
      if (row.age_ns >= filter.min_age_ns && wanted_state(filter, thread.state, thread.wait))
        rows.push_back(std::move(row));
    }
  if (filter.kind.empty() || filter.kind == "coroutine") {
    const bool many = trace.coroutines.size() > kMostCoroutineRows;
    auto more = coroutine_rows(trace, filter, many || filter.by != GroupBy::nothing);
    if (filter.by == GroupBy::nothing && many)
      std::stable_sort(more.begin(), more.end(),
                       [](const TaskRow& a, const TaskRow& b) { return a.count > b.count; });
    std::move(more.begin(), more.end(), std::back_inserter(rows));
  }
  if (filter.kind.empty() || filter.kind == "fiber")
    for (const Fiber& fiber : trace.fibers) {
      TaskRow row = row_of(trace, fiber);
      if (row.age_ns >= filter.min_age_ns && wanted_state(filter, fiber.state, Wait{}))
        rows.push_back(std::move(row));
    }
  std::unordered_map<StackIndex, std::string> sites;
  switch (filter.by) {
    case GroupBy::nothing:
      break;
    case GroupBy::site:
      group(rows, [&](const TaskRow& row) {
        auto [site, fresh] = sites.try_emplace(row.created_at);
        if (fresh) site->second = where_text(trace, process.symbols, row.created_at);
        return std::to_string(static_cast<int>(row.kind)) + site->second;
      });
      break;
    case GroupBy::stack:
      group(rows, [](const TaskRow& row) {
        return std::to_string(static_cast<int>(row.kind)) + "/" + std::to_string(row.created_at) +
               "/" + std::to_string(row.at) + "/" + std::to_string(row.await_point) + "/" +
               row.state;
      });
      break;
    case GroupBy::label:
      group(rows, [&](const TaskRow& row) {
        return std::to_string(static_cast<int>(row.kind)) + labels_text(trace, row.labels);
      });
      break;
    case GroupBy::state:
      group(rows, [](const TaskRow& row) {
        return std::to_string(static_cast<int>(row.kind)) + row.state;
      });
      break;
  }
  return rows;
}

}  // namespace track::write
