#include "cli/serve/task_text.h"

#include <fmt/format.h>

#include "cli/write/tasks.h"

namespace track::serve {
namespace {

constexpr uint64_t kMinuteNs = 60'000'000'000;

void add_frame(std::string& text, const std::string& function, const std::string& file,
               uint32_t line) {
  text += fmt::format("{}\n\t{}:{}\n", function, file.empty() ? "?" : file, line);
}

void add_stack(std::string& text, const ProcessReport& process, StackIndex stack) {
  for (const StackLine& line : stack_lines(process.trace, process.symbols, stack, Prune::tracker)) {
    const bool named = !line.function.empty();
    add_frame(text,
              named ? short_function(line.function) + "(...)"
                    : fmt::format("{}+0x{:x}", base_name(line.module), line.offset),
              line.file, line.line);
  }
}

void add_row(std::string& text, const ProcessReport& process, const write::TaskRow& row) {
  const Trace& trace = process.trace;
  text += fmt::format("{} {}", task_kind_name(row.kind), row.id);
  if (!row.name.empty() && row.kind != TaskKind::fiber) text += " (" + row.name + ")";
  text += " [" + row.state;
  if (row.since_ns >= 2 * kMinuteNs) text += fmt::format(", {} minutes", row.since_ns / kMinuteNs);
  if (row.count != 1) text += fmt::format(", {} alike", row.count);
  text += "]:\n";
  if (row.kind == TaskKind::coroutine && row.await_point < trace.await_points.size() &&
      row.function < trace.functions.size()) {
    const AwaitPoint& point = trace.await_points[row.await_point];
    add_frame(text, short_function(trace.functions[row.function]) + "(...)", point.file,
              point.line);
  }
  add_stack(text, process, row.at);
  const auto created = stack_lines(process.trace, process.symbols, row.created_at, Prune::plumbing);
  if (!created.empty()) {
    const StackLine& first = created.front();
    const std::string by = first.function.empty()
                               ? fmt::format("{}+0x{:x}", base_name(first.module), first.offset)
                               : short_function(first.function);
    add_frame(text, "created by " + by + fmt::format(" in thread {}", row.creator), first.file,
              first.line);
  }
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

}  // namespace track::serve
