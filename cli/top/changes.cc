#include "cli/top/changes.h"

#include "cli/model/await_chain.h"

namespace track::top {

// As task_rows() tells groups apart, in what stays the same from look to look.
std::string group_key(const ProcessReport& process, const write::TaskRow& row, write::GroupBy by) {
  const Trace& trace = process.trace;
  const std::string kind = std::to_string(trace.pid) + "|" + task_kind_name(row.kind) + "|";
  if (by == write::GroupBy::state) return kind + row.state;
  if (by == write::GroupBy::site) return kind + where_text(trace, process.symbols, row.created_at);
  std::string key = kind + row.state + "|" + row.name + "|" + await_text(trace, row.await_point);
  for (const StackIndex stack : {row.at, row.created_at}) {
    key += "|";
    if (stack >= trace.stacks.size()) continue;
    for (const uint64_t address : trace.stacks[stack].addresses)
      key += std::to_string(address) + " ";
  }
  return key;
}

void Changes::add(const serve::Look& look) {
  std::map<Task, Ran> ran;
  for (const Loaded& loaded : look.processes) {
    const ProcessReport& process = loaded.report;
    for (const Thread& thread : process.trace.threads)
      if (thread.schedule.known)
        ran[{process.trace.pid, thread.id}] = {thread.schedule.cpu_ns, process.trace.taken_ns};
    if (begun_) continue;
    for (const write::GroupBy by :
         {write::GroupBy::site, write::GroupBy::stack, write::GroupBy::state}) {
      write::TaskFilter filter;
      filter.by = by;
      for (const write::TaskRow& row : write::task_rows(process, filter))
        first_[{by, group_key(process, row, by)}] += row.count;
    }
  }
  begun_ = true;
  before_ = std::move(now_);
  now_ = std::move(ran);
}

double Changes::cpu_share(const Trace& trace, const write::TaskRow& row) const {
  if (row.kind != TaskKind::thread || row.count != 1) return -1;
  const auto now = now_.find({trace.pid, row.id}), before = before_.find({trace.pid, row.id});
  if (now == now_.end() || before == before_.end()) return -1;
  if (now->second.taken_ns <= before->second.taken_ns || now->second.cpu_ns < before->second.cpu_ns)
    return -1;
  return static_cast<double>(now->second.cpu_ns - before->second.cpu_ns) /
         static_cast<double>(now->second.taken_ns - before->second.taken_ns);
}

int64_t Changes::growth(const ProcessReport& process, const write::TaskRow& row,
                        write::GroupBy by) const {
  const auto first = first_.find({by, group_key(process, row, by)});
  const uint64_t was = first == first_.end() ? 0 : first->second;
  return static_cast<int64_t>(row.count) - static_cast<int64_t>(was);
}

}  // namespace track::top
