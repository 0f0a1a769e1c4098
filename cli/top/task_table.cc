#include <fmt/format.h>

#include <algorithm>

#include "cli/model/await_chain.h"
#include "cli/model/lock_cost.h"
#include "cli/model/wait_text.h"
#include "cli/model/words.h"
#include "cli/top/cells.h"
#include "cli/top/tables.h"
#include "cli/write/task_places.h"
#include "cli/write/text.h"

namespace track::top {
namespace {

using write::Ink;
using write::TaskRow;

const write::TaskNotes kNoNotes;

std::string time_text(uint64_t ns) {
  return ns == 0 ? "-" : duration_text(ns);
}

std::string name_of(const TaskRow& row) {
  return row.kind == TaskKind::coroutine ? "coroutine" : row.name;
}

Ink ink_of(const TaskRow& row) {
  if (row.cycle) return Ink::red;
  if (row.on_cpu || (row.kind != TaskKind::thread && row.task_state == TaskState::running))
    return Ink::green;
  if (row.task_state == TaskState::blocked && owned_lock(row.wait.kind)) return Ink::yellow;
  return row.task_state == TaskState::ended ? Ink::yellow : Ink::plain;
}

// Who awaits it, and who awaits them.
void print_awaiters(write::Page& page, const Trace& trace, uint64_t id) {
  const auto found = std::find_if(trace.coroutines.begin(), trace.coroutines.end(),
                                  [id](const Coroutine& c) { return c.id == id; });
  if (found == trace.coroutines.end()) return;
  const AwaitChain chain = AwaitIndex(trace).chain_of(*found);
  if (chain.frames.size() < 2) return;
  page.line("await chain");
  for (size_t i = 0; i < chain.frames.size(); ++i)
    page.wrapped(fmt::format("#{:<2} {}{}", i, suspended_text(trace, *chain.frames[i]),
                             chain.frames[i] == &*found ? "  <- this one" : ""),
                 2, 6);
  if (chain.cycle) page.line("      and back to one of these: a cycle");
}

void print_task(write::Page& page, const ProcessReport& process, const TaskRow& row) {
  const Trace& trace = process.trace;
  std::string text = row.count == 1 ? fmt::format("{} {}", task_kind_name(row.kind), row.id)
                                    : count_text(row.count, task_kind_name(row.kind));
  if (row.kind == TaskKind::thread && !row.name.empty() && row.count == 1)
    text += " (" + row.name + (row.tid == 0 ? "" : ", tid " + std::to_string(row.tid)) + ")";
  text += " of process " + std::to_string(trace.pid) + ": " + row.state;
  if (row.since_ns != 0) text += ", for " + duration_text(row.since_ns);
  if (row.age_ns != 0)
    text += (row.count == 1 ? ", age " : ", oldest ") + duration_text(row.age_ns);
  if (row.bytes != 0) text += ", " + bytes_text(row.bytes);
  page.wrapped(text, 0, 2, Ink::bold);
  if (row.wait.object != 0) {
    std::string object = wait_text(trace, process.symbols, row.wait.kind, row.wait.object);
    if (row.wait.owner_tid != 0) {
      const auto owner =
          std::find_if(trace.threads.begin(), trace.threads.end(),
                       [&](const Thread& thread) { return thread.tid == row.wait.owner_tid; });
      object +=
          ", held by " + (owner == trace.threads.end() ? "tid " + std::to_string(row.wait.owner_tid)
                                                       : thread_text(*owner));
    }
    page.wrapped("waits for " + object, 0, 2);
  }
  if (row.schedule.known)
    page.wrapped("on a CPU for " + duration_text(row.schedule.cpu_ns) +
                     "; ready, and waited for one, " + duration_text(row.schedule.queue_ns),
                 0, 2);
  if (row.kind == TaskKind::coroutine) {
    write::TaskPlaces places(process, kNoNotes);
    page.wrapped(places.what(row), 0, 2);
    if (row.count == 1) print_awaiters(page, trace, row.id);
  }
  if (row.at != 0) {
    page.line("at");
    write::print_stack(page, trace, process.symbols, row.at, 2);
  } else if (row.on_cpu) {
    page.line("at: it is on a CPU, where it has no stack without a stop");
  }
  if (row.created_at != 0) {
    page.line(row.creator == 0 || row.count != 1
                  ? std::string("created at")
                  : "created by thread " + std::to_string(row.creator) + " at");
    write::print_stack(page, trace, process.symbols, row.created_at, 2);
  }
}

std::string share_text(double share) {
  return share < 0 ? "-" : fmt::format("{:.1f}", 100 * share);
}

std::vector<Column> columns_of_tasks(bool grouped, bool many, write::GroupBy by) {
  std::vector<Column> columns;
  if (many) columns.push_back({"PID", 8, true});
  if (grouped) {
    columns.push_back({"COUNT", 9, true});
    columns.push_back({"GROWN", 9, true});
    columns.push_back({"NAME", 15});
    columns.push_back({"STATE", 17});
    columns.push_back({"OLDEST", 12, true});
    columns.push_back({by == write::GroupBy::site ? "CREATED IN" : "WHERE"});
    return columns;
  }
  columns.push_back({"ID", 9, true});
  columns.push_back({"TID", 8, true, 70});
  columns.push_back({"NAME", 15});
  columns.push_back({"STATE", 17});
  columns.push_back({"%CPU", 6, true, 70});
  columns.push_back({"FOR", 12, true});
  columns.push_back({"AGE", 12, true, 110});
  columns.push_back({"WHERE"});
  return columns;
}

Cell count_cell(uint64_t count) {
  return {grouped(count), static_cast<double>(count)};
}

Cell time_cell(uint64_t ns) {
  return {time_text(ns), static_cast<double>(ns)};
}

// Of a task by itself, or of several that are alike.
std::vector<Cell> task_cells(const ProcessReport& process, const TaskRow& row,
                             write::TaskPlaces& places, const Changes& changes) {
  const double share = changes.cpu_share(process.trace, row);
  const bool one = row.count == 1;
  return {one ? count_cell(row.id) : Cell{grouped(row.count) + "x", static_cast<double>(row.count)},
          {row.tid == 0 ? "-" : std::to_string(row.tid), static_cast<double>(row.tid)},
          {name_of(row)},
          {row.state},
          {share_text(share), share},
          time_cell(row.since_ns != 0 ? row.since_ns : row.age_ns),
          time_cell(row.age_ns),
          {brief(places.what(row))}};
}

std::vector<Cell> group_cells(const ProcessReport& process, const TaskRow& row, write::GroupBy by,
                              write::TaskPlaces& places, const Changes& changes) {
  const int64_t grown = changes.growth(process, row, by);
  // Of one state there are many places, and of one origin many states.
  const bool mixed = row.count > 1;
  std::string where = by == write::GroupBy::site             ? places.where(row.created_at)
                      : by == write::GroupBy::state && mixed ? ""
                                                             : places.what(row);
  if (by == write::GroupBy::site && where.empty())
    where = row.main && !mixed ? "(the first thread)" : "(not known)";
  return {count_cell(row.count),
          {grown == 0 ? "-" : fmt::format("{:+}", grown), static_cast<double>(grown)},
          {by == write::GroupBy::state ? task_kind_name(row.kind) : name_of(row)},
          {by == write::GroupBy::site && mixed ? "-" : row.state},
          time_cell(row.age_ns),
          {brief(where)}};
}

}  // namespace

Table task_table(const Looked& look, write::GroupBy by, const Changes& changes) {
  const bool grouped = by != write::GroupBy::nothing, many = look->processes.size() > 1;
  Table table;
  table.columns = columns_of_tasks(grouped, many, by);
  table.empty = "no task was seen";
  write::TaskFilter filter;
  filter.by = by;
  for (const Loaded& loaded : look->processes) {
    const ProcessReport& process = loaded.report;
    write::TaskPlaces places(process, kNoNotes);
    for (const TaskRow& task : write::task_rows(process, filter)) {
      Row row;
      row.key =
          grouped ? group_key(process, task, by)
                  : fmt::format("{}|{}|{}", process.trace.pid, task_kind_name(task.kind), task.id);
      row.cells = grouped ? group_cells(process, task, by, places, changes)
                          : task_cells(process, task, places, changes);
      if (many)
        row.cells.insert(row.cells.begin(), {std::to_string(process.trace.pid),
                                             static_cast<double>(process.trace.pid)});
      row.ink = grouped && task.count > 1 ? Ink::plain : ink_of(task);
      row.detail = [look, &process, task](write::Page& page) { print_task(page, process, task); };
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

std::string counts_line(const serve::Look& look) {
  uint64_t threads = 0, running = 0, blocked = 0, ended = 0, coroutines = 0, fibers = 0;
  std::string lost;
  for (const Loaded& loaded : look.processes) {
    const Trace& trace = loaded.report.trace;
    threads += live_threads(trace);
    for (const Thread& thread : trace.threads) {
      running += thread.kernel == KernelView::running;
      blocked += thread.state == TaskState::blocked;
      ended += thread.state == TaskState::ended;
    }
    coroutines += trace.coroutines.size();
    fibers += trace.fibers.size();
    if (const std::string loss = write::loss_text(trace); !loss.empty())
      lost += (lost.empty() ? "" : ", ") + loss;
    if (!trace.warnings.empty()) lost += std::string(lost.empty() ? "" : ", ") + "damaged parts";
  }
  std::string text = count_text(threads, "thread");
  text += fmt::format(" ({} on a CPU, {} blocked)", running, blocked);
  if (ended != 0) text += ", " + count_text(ended, "ended thread") + " not joined";
  text += ", " + count_text(coroutines, "coroutine");
  if (fibers != 0) text += ", " + count_text(fibers, "fiber");
  return text + (lost.empty() ? "; nothing lost" : "; lost: " + lost);
}

}  // namespace track::top
