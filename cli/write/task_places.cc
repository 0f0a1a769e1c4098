#include "cli/write/task_places.h"

#include "cli/model/await_chain.h"
#include "cli/model/told_waits.h"
#include "cli/model/wait_text.h"

namespace track::write {

const std::string& TaskPlaces::where(StackIndex stack) {
  const auto [entry, fresh] = where_.try_emplace(stack);
  if (fresh) entry->second = where_text(process_.trace, process_.symbols, stack);
  return entry->second;
}

std::string TaskPlaces::coroutine_place(const TaskRow& row) const {
  std::string text = row.name.empty() ? "(function unknown)" : short_function(row.name);
  const std::string where = await_text(process_.trace, row.await_point);
  if (!where.empty()) text += " " + where;
  if (row.task_state == TaskState::running) text += " on thread " + std::to_string(row.thread);
  if (row.awaits != 0) text += ", awaits " + std::to_string(row.awaits);
  if (row.cycle) text += ", in an await cycle";
  return text;
}

std::string TaskPlaces::what(const TaskRow& row) {
  if (row.kind == TaskKind::coroutine) {
    if (row.wait.kind == WaitKind::none || row.count != 1) return coroutine_place(row);
    const std::string about = told_object_text(process_.trace, row.wait);
    return wait_text(process_.trace, process_.symbols, row.wait.kind, row.wait.object) +
           (about.empty() ? ", " : ", " + about + ", ") + "in " + coroutine_place(row);
  }
  if (row.kind == TaskKind::fiber && row.task_state == TaskState::running)
    return "on thread " + std::to_string(row.thread);
  const auto known = process_.symbols.objects.find(row.wait.object);
  std::string text = where(row.at);
  if (row.on_cpu && row.at == 0) return "(on a CPU: no stack without a stop)";
  if (row.wait.kind != WaitKind::none && known != process_.symbols.objects.end())
    text = known->second + ", " + text;
  if (row.kind == TaskKind::thread && row.count == 1)
    if (const auto other = notes_.waits_for.find(row.id); other != notes_.waits_for.end())
      text += ", waits for " + other->second;
  return text;
}

// A coroutine's own code is where its frame was made.
const std::string& TaskPlaces::origin(const TaskRow& row) {
  if (row.kind != TaskKind::coroutine) return where(row.created_at);
  const auto [entry, fresh] = origins_.try_emplace({row.created_at, row.name});
  if (!fresh) return entry->second;
  const auto lines = stack_lines(process_.trace, process_.symbols, row.created_at, Prune::plumbing);
  if (lines.empty()) return entry->second;
  const bool own =
      lines.size() > 1 && short_function(lines.front().function) == short_function(row.name);
  return entry->second = line_text(lines[own ? 1 : 0]);
}

}  // namespace track::write
