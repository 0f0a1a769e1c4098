#include "cli/write/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/model/await_chain.h"
#include "cli/model/words.h"
#include "cli/write/gaps.h"

namespace track::write {
namespace {

constexpr size_t kMostFrames = 24;
constexpr size_t kListedTasks = 6;

std::string task_text(const FindingTask& task) {
  std::string text = std::to_string(task.id);
  std::string inside;
  const auto add = [&](const std::string& what) {
    if (!what.empty()) inside += (inside.empty() ? "" : ", ") + what;
  };
  if (task.kind == TaskKind::thread) {
    add(task.main ? "main" : task.name);
    if (task.tid != 0 && static_cast<uint64_t>(task.tid) != task.id)
      add("tid " + std::to_string(task.tid));
  }
  if (task.kind == TaskKind::fiber) add(task.name);
  if (task.kind == TaskKind::coroutine) add(task.given_name);
  return inside.empty() ? text : text + " (" + inside + ")";
}

std::string ages_text(const Finding& finding) {
  const std::string least = duration_text(finding.age_min_ns);
  const std::string most = duration_text(finding.age_max_ns);
  if (finding.age_max_ns == 0) return {};
  return least == most ? ", age " + most : ", ages " + least + " to " + most;
}

void print_tasks(Page& page, const Finding& finding) {
  if (finding.tasks.empty()) return;
  std::string text = task_kind_name(finding.tasks.front().kind);
  text += finding.count == 1 ? " " : "s ";
  for (size_t i = 0; i < std::min(finding.tasks.size(), kListedTasks); ++i)
    text += (i == 0 ? "" : ", ") + task_text(finding.tasks[i]);
  if (finding.count > kListedTasks)
    text += " and " + grouped(finding.count - kListedTasks) + " more";
  text += ages_text(finding);
  if (finding.bytes_held != 0) text += ", " + bytes_text(finding.bytes_held);
  page.wrapped(text, 3, 5);
}

// Asynchronous stack, leaf first; a lone coroutine's place is in its reasons already.
void print_await_chain(Page& page, const Trace& trace, const Finding& finding) {
  if (finding.await_chain.size() < 2) return;
  page.line("   await chain");
  const size_t shown = std::min(finding.await_chain.size(), kMostFrames);
  for (size_t i = 0; i < shown; ++i) {
    const AwaitFrame& frame = finding.await_chain[i];
    std::string text = fmt::format("#{:<2} ", i);
    const bool named = frame.function != 0 && frame.function < trace.functions.size();
    text += named ? short_function(trace.functions[frame.function]) : "(function unknown)";
    if (const std::string where = await_text(trace, frame.await_point); !where.empty())
      text += " " + where;
    if (frame.self) text += "  <- this one";
    if (frame.weak) text += "  (probably awaited by the next)";
    page.wrapped(text, 5, 9);
  }
  if (finding.await_chain.size() > shown)
    page.line(fmt::format("         and {} more", finding.await_chain.size() - shown));
  if (finding.await_cycle) page.line("         and back to one of these: a cycle");
}

Ink ink_of(const Finding& finding) {
  if (finding.failing) return Ink::red;
  return finding.evidence == Evidence::suspected ? Ink::yellow : Ink::bold;
}

// number: "3. ", or nothing.
void print_finding(Page& page, const ProcessReport& process, const Finding& finding,
                   const std::string& number) {
  page.wrapped(number + rule_name(finding.rule) + " (" + evidence_name(finding.evidence) +
                   "): " + finding.title,
               0, 3, ink_of(finding));
  for (size_t i = 0; i < finding.because.size(); ++i)
    page.wrapped("because: " + finding.because[i], 3, 5);
  print_tasks(page, finding);
  if (!finding.test.empty()) page.wrapped("in test: " + finding.test, 3, 5, Ink::bold);
  if (finding.blocked_at != 0) {
    page.line(std::string("   ") + blocked_label(finding));
    print_stack(page, process.trace, process.symbols, finding.blocked_at, 5);
  }
  print_await_chain(page, process.trace, finding);
  if (finding.created_at != 0) {
    page.line(std::string("   ") + created_label(finding));
    print_stack(page, process.trace, process.symbols, finding.created_at, 5);
  }
  if (finding.baseline == BaselineState::fresh)
    page.line("   not in the baseline");
  else if (finding.baseline == BaselineState::grown)
    page.line("   more than the baseline allows: " + grouped(finding.allowed));
  page.line(page.ink(Ink::dim, "   fingerprint " + finding.fingerprint));
}

std::string process_heading(const ProcessReport& process) {
  const Trace& trace = process.trace;
  std::string text = fmt::format("== process {} {}", trace.pid, base_name(trace.program));
  if (trace.forked) text += " (forked)";
  if (!trace.executed.empty()) text += ", which executed " + trace.executed;
  text += ": " + process_end_text(trace);
  if (trace.gone && trace.end != ProcessEnd::killed && trace.end != ProcessEnd::unknown &&
      trace.end != ProcessEnd::aborted)
    text += fmt::format(", exit code {}", trace.exit_code);
  if (!process.note.empty()) text += "; " + process.note;
  return text;
}

// A note about a module that no printed stack mentions helps nobody.
bool concerns(const std::string& note, const ProcessReport& process) {
  const std::string module = base_name(note.substr(0, note.find(": ")));
  const auto shows = [&](StackIndex stack) {
    const auto lines = stack_lines(process.trace, process.symbols, stack, Prune::plumbing);
    return std::any_of(lines.begin(), lines.end(), [&](const StackLine& line) {
      return line.file.empty() && base_name(line.module) == module;
    });
  };
  return std::any_of(process.findings.begin(), process.findings.end(), [&](const Finding& f) {
    return is_shown(f) && (shows(f.created_at) || shows(f.blocked_at));
  });
}

void print_baseline(Page& page, const Report& report) {
  if (!report.baseline) return;
  for (const ProcessReport& process : report.processes)
    for (const Finding& finding : process.findings)
      if (finding.baseline == BaselineState::known)
        page.wrapped(
            fmt::format("in the baseline ({} allowed): {} ({}): {}", grouped(finding.allowed),
                        rule_name(finding.rule), evidence_name(finding.evidence), finding.title),
            0, 2, Ink::dim);
  for (const std::string& entry : report.baseline->gone)
    page.wrapped("in the baseline, but not found: " + entry +
                     "; --update-baseline takes it out once the record is whole",
                 0, 2, Ink::dim);
}

std::string pause_text(const Trace& trace) {
  const std::string length = duration_text(trace.pause_ns);
  if (trace.gone && trace.pause_for.empty())
    return "its end was put off for " + length +
           ", for tasks to finish (--settle) and for a look at what is left";
  return "the process was held for " + length +
         (trace.pause_for.empty() ? "" : ", for " + trace.pause_for);
}

void print_losses(Page& page, const Report& report) {
  for (const ProcessReport& process : report.processes) {
    const Trace& trace = process.trace;
    const std::string who = report.processes.size() > 1 ? fmt::format(" (pid {})", trace.pid) : "";
    if (const std::string loss = loss_text(trace); !loss.empty())
      page.wrapped("lost" + who + ": " + loss, 0, 2, Ink::yellow);
    for (const std::string& warning : trace.warnings)
      page.wrapped("damage" + who + ": " + warning, 0, 2, Ink::yellow);
    if (trace.pause_ns != 0 && !process.findings.empty())
      page.wrapped("pause" + who + ": " + pause_text(trace), 0, 2, Ink::dim);
    for (const std::string& item : trace.not_visible)
      page.wrapped("not visible" + who + ": " + item, 0, 2, Ink::dim);
    for (const std::string& note : process.symbols.notes)
      if (concerns(note, process)) page.wrapped("symbols: " + note, 0, 2, Ink::dim);
  }
  if (const std::string unseen = unseen_orders_text(report.orders_lost()); !unseen.empty())
    page.wrapped("not visible: " + unseen, 0, 2, Ink::dim);
  for (const SuppressionUse& use : report.suppressions)
    page.wrapped(fmt::format("suppressed: {} by {}", count_text(use.hits, "task"), use.text), 0, 2,
                 Ink::dim);
  for (const std::string& unused : report.unused_suppressions)
    page.wrapped("suppression without a hit: " + unused, 0, 2, Ink::dim);
  print_baseline(page, report);
  for (const std::string& text : report.unknown)
    page.wrapped("unknown: " + text, 0, 2, Ink::yellow);
  for (const std::string& note : report.notes) page.wrapped("note: " + note, 0, 2);
}

std::string rule_counts(const Report& report) {
  std::map<Rule, uint64_t> counts;
  for (const ProcessReport& process : report.processes)
    for (const Finding& finding : process.findings)
      if (is_shown(finding)) ++counts[finding.rule];
  std::string text;
  for (const auto& [rule, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, rule_name(rule));
  return text;
}

}  // namespace

std::string heap_text(const Trace& trace) {
  const HeapTable& heap = trace.heap;
  const bool sampled = heap.record == HeapRecord::sampled;
  if (!sampled && heap.record != HeapRecord::kept) return {};
  std::string text = (sampled ? "about " : "") + count_text(heap.blocks, "block") + " in use, " +
                     bytes_text(heap.bytes);
  if (sampled)
    text += " (" + count_text(heap.samples, "sample") + ", one every " + bytes_text(heap.period) +
            "; at most " + bytes_text(heap.peak_bytes) + ")";
  const auto lost = trace.lost.find("blocks");
  if (lost != trace.lost.end()) text += ", " + grouped(lost->second) + " lost";
  return text;
}

std::string loss_text(const Trace& trace) {
  std::string text;
  for (const auto& [kind, count] : trace.lost)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", grouped(count), kind);
  return text;
}

void print_finding(Page& page, const ProcessReport& process, const Finding& finding) {
  print_finding(page, process, finding, "");
}

std::string unseen_orders_text(uint64_t orders_lost) {
  if (orders_lost == 0) return {};
  return "the order of " + count_text(orders_lost, "lock") +
         " taken inside others (rule lock-order): too many different ones, so that only some are "
         "looked at";
}

void print_findings(Page& page, const ProcessReport& process, uint64_t& number) {
  for (const Finding& finding : process.findings)
    if (is_shown(finding)) {
      page.line();
      print_finding(page, process, finding, fmt::format("{}. ", ++number));
    }
}

void print_stack(Page& page, const Trace& trace, const Symbols& symbols, StackIndex stack,
                 size_t indent) {
  const auto lines = stack_lines(trace, symbols, stack, Prune::plumbing);
  const size_t shown = std::min(lines.size(), kMostFrames);
  for (size_t i = 0; i < shown; ++i) {
    const StackLine& line = lines[i];
    std::string text = fmt::format("#{:<2} ", i);
    if (line.function.empty()) {
      text += line_text(line);
    } else {
      text += short_function(line.function);
      if (!line.file.empty()) {
        text += " " + page.short_path(line.file);
        if (line.line != 0) text += fmt::format(":{}", line.line);
      } else if (!line.module.empty()) {
        text += " (" + base_name(line.module) + ")";
      }
    }
    if (i > 0 && line.folded > 3) text += fmt::format("  (through {} of libraries)", line.folded);
    page.wrapped(text, indent, indent + 4);
  }
  if (lines.size() > shown)
    page.line(std::string(indent, ' ') + fmt::format("    and {} more", lines.size() - shown));
  if (stack < trace.stacks.size() && trace.stacks[stack].truncated)
    page.line(std::string(indent, ' ') + "    (the stack is cut short here)");
}

std::string verdict_without_findings(const Report& report) {
  if (!report.unknown.empty())
    return "0 findings, but not clean: " + count_text(report.unknown.size(), "run") +
           " not seen whole";
  if (report.processes.empty() && report.clean.count == 0)
    return "0 findings, but nothing was seen";
  for (const ProcessReport& process : report.processes)
    if (!process.trace.executed.empty())
      return "0 findings, but the end was not seen: " + process.trace.executed +
             ", which was executed, was not tracked";
  for (const ProcessReport& process : report.processes)
    if (unrecorded(process)) return "0 findings, but not clean: " + unrecorded_text(process.trace);
  if (std::any_of(report.processes.begin(), report.processes.end(), cut_short))
    return "0 findings, but not clean: a program was killed before its end";
  if (std::any_of(report.processes.begin(), report.processes.end(),
                  [](const ProcessReport& process) {
                    return process.trace.end == ProcessEnd::unseen && !process.trace.superseded;
                  }))
    return "0 findings, but the end was not seen: a raw system call, or exec of an untracked "
           "program";
  if (std::any_of(report.processes.begin(), report.processes.end(),
                  [](const ProcessReport& process) { return !process.trace.gone; }))
    return report.complete() ? "0 findings so far" : "0 findings so far, but lossy";
  if (report.baseline && report.baseline->known != 0)
    return report.complete() ? "0 new findings" : "0 new findings, but lossy";
  return report.complete() ? "clean: 0 findings" : "clean but lossy: 0 findings";
}

// Those that were there at `track attach` nobody saw being created.
uint64_t threads_found(const Report& report) {
  uint64_t found = 0;
  for (const ProcessReport& process : report.processes)
    for (const Thread& thread : process.trace.threads)
      found += process.trace.attached && thread.adopted && !thread.main;
  return found;
}

std::string summary_line(const Report& report) {
  const uint64_t shown = report.shown();
  std::string text = "SUMMARY: libtrack: ";
  if (shown != 0)
    text += count_text(shown, "finding") + " (" + rule_counts(report) + ")";
  else
    text += verdict_without_findings(report);
  const uint64_t processes = report.processes.size() + report.clean.count;
  if (processes > 1)
    text.insert(std::min(text.find(", but"), text.size()),
                " in " + grouped(processes) + " processes");
  const TaskCounts tasks = report.tasks();  // who was there before the recording was not created
  text +=
      fmt::format("; {}, {}", count_text(tasks.threads_created + threads_found(report), "thread"),
                  count_text(std::max(tasks.coroutines_created, tasks.coroutines), "coroutine"));
  if (const uint64_t fibers = std::max(tasks.fibers_created, tasks.fibers); fibers != 0)
    text += ", " + count_text(fibers, "fiber");
  uint64_t suppressed = 0;
  for (const SuppressionUse& use : report.suppressions) suppressed += use.hits;
  text += fmt::format("; {} suppressed; ", grouped(suppressed));
  if (report.baseline) text += grouped(report.baseline->known) + " in the baseline; ";
  std::map<std::string, uint64_t> lost;
  uint64_t warnings = 0;
  for (const ProcessReport& process : report.processes) {
    for (const auto& [kind, count] : process.trace.lost) lost[kind] += count;
    warnings += process.trace.warnings.size();
  }
  if (lost.empty() && warnings == 0) return text + "nothing lost";
  text += "lost:";
  for (const auto& [kind, count] : lost) text += fmt::format(" {} {},", grouped(count), kind);
  if (warnings != 0) text += " " + count_text(warnings, "damaged part") + ",";
  text.pop_back();
  return text;
}

std::string text_report(const Report& report, const TextOptions& options) {
  Page page(options);
  const uint64_t shown = report.shown(), failing = report.failing();
  if (failing != 0)
    page.line(page.ink(Ink::red, fmt::format("ERROR: libtrack: {} finding(s)", shown)));
  else if (shown != 0)
    page.line(
        page.ink(Ink::yellow, fmt::format("NOTE: libtrack: {} suspected finding{}, below --fail-on",
                                          shown, shown == 1 ? "" : "s")));
  uint64_t number = 0;
  for (const ProcessReport& process : report.processes) {
    const bool any = std::any_of(process.findings.begin(), process.findings.end(),
                                 [](const Finding& f) { return is_shown(f); });
    if (any &&
        (report.processes.size() > 1 || !process.note.empty() || !process.trace.executed.empty())) {
      page.line();
      page.wrapped(process_heading(process), 0, 3, Ink::bold);
    }
    print_findings(page, process, number);
  }
  if (shown != 0) page.line();
  print_losses(page, report);
  const Ink ink = failing != 0 ? Ink::red : shown != 0 ? Ink::yellow : Ink::green;
  page.line(page.ink(ink, summary_line(report)));
  return page.take();
}

}  // namespace track::write
