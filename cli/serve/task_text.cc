#include "cli/serve/task_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/write/tasks.h"

namespace track::serve {
namespace {

constexpr uint64_t kMinuteNs = 60'000'000'000;
constexpr size_t kMostGoText = 64 << 20;  // as Go's own

void add_frame(std::string& text, const std::string& function, const std::string& file,
               uint32_t line) {
  text += fmt::format("{}\n\t{}:{}\n", function, file.empty() ? "?" : file, line);
}

void add_stack(std::string& text, const ProcessReport& process, StackIndex stack) {
  for (const StackLine& line : stack_lines(process.trace, process.symbols, stack, Prune::tracker)) {
    const bool named = !line.function.empty();
    add_frame(text,
              (named ? short_function(line.function)
                     : fmt::format("{}+0x{:x}", base_name(line.module), line.offset)) +
                  "(...)",
              line.file, line.line);
  }
}

// Where it is.
void add_place(std::string& text, const ProcessReport& process, const write::TaskRow& row) {
  const Trace& trace = process.trace;
  if (row.kind == TaskKind::coroutine && row.await_point < trace.await_points.size() &&
      row.function < trace.functions.size()) {
    const AwaitPoint& point = trace.await_points[row.await_point];
    add_frame(text, short_function(trace.functions[row.function]) + "(...)", point.file,
              point.line);
  }
  add_stack(text, process, row.at);
}

void add_creator(std::string& text, const ProcessReport& process, const write::TaskRow& row,
                 const std::string& whom) {
  const auto created = stack_lines(process.trace, process.symbols, row.created_at, Prune::plumbing);
  if (!created.empty()) {
    const StackLine& first = created.front();
    const std::string by = first.function.empty()
                               ? fmt::format("{}+0x{:x}", base_name(first.module), first.offset)
                               : short_function(first.function);
    add_frame(text, "created by " + by + whom, first.file, first.line);
  }
}

void add_row(std::string& text, const ProcessReport& process, const write::TaskRow& row) {
  text += fmt::format("{} {}", task_kind_name(row.kind), row.id);
  if (!row.name.empty() && row.kind != TaskKind::fiber) text += " (" + row.name + ")";
  text += " [" + row.state;
  if (row.since_ns >= 2 * kMinuteNs) text += fmt::format(", {} minutes", row.since_ns / kMinuteNs);
  if (row.count != 1) text += fmt::format(", {} alike", row.count);
  text += "]:\n";
  add_place(text, process, row);
  add_creator(text, process, row, fmt::format(" in thread {}", row.creator));
  text += "\n";
}

}  // namespace

std::string task_text(const ProcessReport& process, const std::string& kind) {
  write::TaskFilter filter;
  filter.kind = kind;
  std::string text;
  for (const write::TaskRow& row : write::task_rows(process, filter)) add_row(text, process, row);
  return text;
}

std::string go_text(const ProcessReport& process, uint64_t& last_number) {
  const Trace& trace = process.trace;
  const uint64_t first = last_number;
  // Threads keep their numbers, which creators go by; the others' come after those of all threads.
  last_number += trace.threads_created;
  for (const Thread& thread : trace.threads) last_number = std::max(last_number, first + thread.id);
  std::string text;
  for (const write::TaskRow& row : write::task_rows(process, {})) {
    std::string state = fmt::format("{} {}", task_kind_name(row.kind), row.state);
    std::erase(state, ',');  // ends a state
    if (row.since_ns >= kMinuteNs) state += fmt::format(", {} minutes", row.since_ns / kMinuteNs);
    std::string below;
    add_place(below, process, row);
    add_creator(below, process, row, fmt::format(" in goroutine {}", first + row.creator));
    for (uint64_t i = 0; i < row.count && text.size() < kMostGoText; ++i) {
      const bool thread = row.kind == TaskKind::thread;
      text += fmt::format("goroutine {} [{}]:\n{}\n", thread ? first + row.id : ++last_number,
                          state, below);
    }
  }
  return text;
}

}  // namespace track::serve
