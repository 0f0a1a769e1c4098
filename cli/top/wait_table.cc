#include <fmt/format.h>

#include "cli/analyze/contention.h"
#include "cli/model/words.h"
#include "cli/top/cells.h"
#include "cli/top/tables.h"
#include "cli/write/locks.h"
#include "cli/write/text.h"

namespace track::top {
namespace {

using write::Ink;

Cell time_cell(uint64_t ns) {
  return {ns == 0 ? "-" : duration_text(ns), static_cast<double>(ns)};
}

Cell count_cell(uint64_t count) {
  return {grouped(count), static_cast<double>(count)};
}

// By its name, where it has one: "mutex cache_mu".
std::string object_name(const ProcessReport& process, const LockCost& cost) {
  const std::string text = write::lock_text(process, cost);
  const auto known = process.symbols.objects.find(cost.object);
  if (cost.object == 0 || known == process.symbols.objects.end()) return text;
  return text.substr(0, text.find(' ')) + " " + brief(known->second);
}

// Who has it, else where it was waited for longest.
std::string who_text(const ProcessReport& process, const LockCost& cost) {
  const Trace& trace = process.trace;
  if (!cost.held_by.empty()) {
    const std::string more =
        cost.held_by.size() == 1 ? "" : fmt::format(" and {} more", cost.held_by.size() - 1);
    return "held by " + thread_text(trace.threads[cost.held_by.front()]) + more;
  }
  const StackIndex stack = !cost.waited_by.empty()
                               ? trace.threads[cost.waited_by.front()].wait.stack
                           : cost.waiters.empty() ? 0
                                                  : cost.waiters.front().stack;
  const std::string where = where_text(trace, process.symbols, stack);
  return where.empty() ? "" : "waited for in " + where;
}

void print_wait(write::Page& page, const ProcessReport& process, const LockCost& cost) {
  page.wrapped(write::lock_text(process, cost) + " of process " + std::to_string(process.trace.pid),
               0, 2, Ink::bold);
  page.line();
  page.line(fmt::format("{:>10}  {:>12}  {:>10}  {:>10}", "waits", "total", "mean", "longest"));
  write::print_lock(page, process, cost);
  const auto stack = [&](const char* title, StackIndex which) {
    if (which == 0) return;
    page.line();
    page.line(title);
    write::print_stack(page, process.trace, process.symbols, which, 2);
  };
  if (!cost.waited_by.empty())
    stack("the one that waits longest now, at",
          process.trace.threads[cost.waited_by.front()].wait.stack);
  if (!cost.waiters.empty()) stack("waited for most at", cost.waiters.front().stack);
  if (!cost.holders.empty()) stack("held up most by", cost.holders.front().stack);
}

Row row_of(const Looked& look, const ProcessReport& process, const LockCost& cost) {
  const Trace& trace = process.trace;
  Row row;
  row.key = fmt::format("{}|{}|{}", trace.pid, static_cast<int>(cost.kind), cost.object);
  uint64_t since = 0;
  if (!cost.waited_by.empty()) {
    const uint64_t began = trace.threads[cost.waited_by.front()].wait.since_ns;
    if (began != 0 && trace.taken_ns > began) since = trace.taken_ns - began;
  }
  row.cells = {
      count_cell(cost.waited_by.size()), time_cell(since),           count_cell(cost.count),
      time_cell(cost.total_ns),          time_cell(cost.longest_ns), {object_name(process, cost)},
      {brief(who_text(process, cost))}};
  if (owned_lock(cost.kind) && !cost.waited_by.empty()) row.ink = Ink::yellow;
  row.detail = [look, &process, cost](write::Page& page) { print_wait(page, process, cost); };
  return row;
}

}  // namespace

Table wait_table(const Looked& look) {
  const bool many = look->processes.size() > 1;
  Table table;
  if (many) table.columns.push_back({"PID", 8, true});
  for (const Column& column : std::initializer_list<Column>{{"NOW", 7, true},
                                                            {"FOR", 12, true, 100},
                                                            {"WAITS", 11, true},
                                                            {"TOTAL", 12, true},
                                                            {"LONGEST", 12, true, 90},
                                                            {"OBJECT", 40},
                                                            {"WHO"}})
    table.columns.push_back(column);
  table.empty = "no thread had to wait for another";
  for (const Loaded& loaded : look->processes) {
    const ProcessReport& process = loaded.report;
    const ContentionView view =
        analyze::view_contention(process.trace, analyze::CostOrder::total, 0);
    for (const auto* costs : {&view.locks, &view.events})
      for (const LockCost& cost : *costs) {
        if (cost.count == 0 && cost.waited_by.empty()) continue;
        Row row = row_of(look, process, cost);
        if (many)
          row.cells.insert(row.cells.begin(), {std::to_string(process.trace.pid),
                                               static_cast<double>(process.trace.pid)});
        table.rows.push_back(std::move(row));
      }
  }
  return table;
}

}  // namespace track::top
