#include "cli/write/task_places.h"

#include "cli/model/await_chain.h"

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
  if (row.kind == TaskKind::coroutine) return coroutine_place(row);
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

}  // namespace track::write
