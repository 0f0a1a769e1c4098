#include "cli/verbs/sanitizer_logs.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "cli/analyze/group.h"
#include "cli/model/made_stacks.h"
#include "cli/model/words.h"
#include "cli/read/sanitizer_log.h"

namespace track::verbs {
namespace {

constexpr uint64_t kMostLogBytes = uint64_t{256} << 20;

Rule rule_of(const read::SanitizerReport& report) {
  if (report.kind == "leak") return Rule::leaked_memory;
  if (report.kind.find("data race") != std::string::npos) return Rule::data_race;
  if (report.kind.find("lock-order-inversion") != std::string::npos) return Rule::lock_order;
  if (report.kind == "thread leak") return Rule::unjoined_thread;
  if (report.tool == "AddressSanitizer" || report.kind.find("free") != std::string::npos)
    return Rule::memory_error;
  return Rule::undefined_behavior;
}

std::string place_of(const read::SanitizerReport& report, size_t stack) {
  return stack < report.stacks.size() ? line_text(report.stacks[stack].lines.front())
                                      : std::string("an unknown place");
}

// Lines of libraries are not where a reader looks.
std::string own_place(const Trace& trace, const Symbols& symbols, StackIndex stack) {
  const std::string where = where_text(trace, symbols, stack);
  return where.empty() ? "an unknown place" : where;
}

std::string title_of(const read::SanitizerReport& report, const std::string& first,
                     const std::string& second) {
  switch (rule_of(report)) {
    case Rule::leaked_memory:
      return count_text(report.count, "block") + " (" + bytes_text(report.bytes) +
             ") allocated in " + first +
             (report.indirect ? " are known only to other leaked blocks" : " are known to nobody");
    case Rule::data_race:
      return "data race" + (report.about.empty() ? "" : " on " + report.about) + " between " +
             first + " and " + second;
    case Rule::lock_order:
      return "locks are taken in orders that close a cycle, in " + first + " and " + second;
    case Rule::unjoined_thread:
      return "a thread created in " + first + " was never joined";
    default:
      return (report.about.empty() ? report.kind : report.about) + " in " + first;
  }
}

// Headings name addresses and the log's own numbers of threads: they are for people, no part of the
// fingerprint.
std::vector<std::string> reasons_of(const read::SanitizerReport& report) {
  std::vector<std::string> because = {"reported by " + report.tool + ": " + report.kind};
  for (size_t i = 0; i < report.stacks.size(); ++i)
    if (!report.stacks[i].heading.empty())
      because.push_back(report.stacks[i].heading + ": " + place_of(report, i));
  return because;
}

// Without any function (UBSan without print_stacktrace) it is told by kind and file.
std::string fingerprint_of(const read::SanitizerReport& report, const Finding& finding,
                           const Trace& trace, const Symbols& symbols) {
  const bool named = std::any_of(
      report.stacks.begin(), report.stacks.end(), [](const read::SanitizerStack& stack) {
        return std::any_of(stack.lines.begin(), stack.lines.end(),
                           [](const StackLine& line) { return !line.function.empty(); });
      });
  if (named) return analyze::fingerprint(finding, trace, symbols);
  uint64_t hash = 0xcbf29ce484222325u;
  std::string text = std::string(rule_name(finding.rule)) + "\n" + report.kind + "\n";
  if (!report.stacks.empty()) text += base_name(report.stacks.front().lines.front().file);
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  char digits[20];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

// Which of both came first in a race is chance.
void put_in_order(read::SanitizerReport& report) {
  const Rule rule = rule_of(report);
  if ((rule != Rule::data_race && rule != Rule::lock_order) || report.stacks.size() < 2) return;
  const auto words = [](const read::SanitizerStack& stack) {
    std::string text;
    for (const StackLine& line : stack.lines) text += line_text(line) + "\n";
    return text;
  };
  if (words(report.stacks[1]) < words(report.stacks[0]))
    std::swap(report.stacks[0], report.stacks[1]);
}

Finding finding_of(read::SanitizerReport& report, MadeStacks& stacks, const Trace& trace,
                   const Symbols& symbols) {
  put_in_order(report);
  Finding finding;
  finding.rule = rule_of(report);
  // Another tool's word: we have not seen what it saw.
  finding.evidence = Evidence::likely;
  finding.source = report.tool;
  finding.count = report.count;
  finding.bytes_held = report.bytes;
  std::vector<StackIndex> added;
  for (const read::SanitizerStack& stack : report.stacks) added.push_back(stacks.add(stack.lines));
  added.resize(std::max<size_t>(2, added.size()));
  const bool created = finding.rule == Rule::leaked_memory || finding.rule == Rule::unjoined_thread;
  if (created) {
    finding.created_at = added[0];
  } else {
    finding.blocked_at = added[0];
    if (finding.rule == Rule::data_race || finding.rule == Rule::lock_order) {
      finding.created_at = added[1];
    } else {
      for (size_t i = 1; i < report.stacks.size(); ++i)
        if (report.stacks[i].heading.find("allocated") != std::string::npos)
          finding.created_at = added[i];
    }
  }
  finding.title =
      title_of(report, own_place(trace, symbols, added[0]), own_place(trace, symbols, added[1]));
  finding.because = reasons_of(report);
  finding.fingerprint = fingerprint_of(report, finding, trace, symbols);
  return finding;
}

void add_log(const std::string& path, Report& report) {
  std::error_code error;
  const uint64_t bytes = std::filesystem::file_size(path, error);
  std::ifstream file(path);
  std::stringstream text;
  if (error || !file || bytes > kMostLogBytes || (bytes != 0 && !(text << file.rdbuf()))) {
    report.unknown.push_back(path + ": the sanitizer's log cannot be read" +
                             (bytes > kMostLogBytes && !error ? ": larger than 256 MiB" : ""));
    return;
  }
  read::SanitizerLog log = read::parse_sanitizer_log(text.str());
  if (log.cut_short) report.unknown.push_back(path + ": the sanitizer's last report is cut short");
  report.notes.push_back(path + ": " + count_text(log.reports.size(), "report") + " of sanitizers");
  if (log.reports.empty()) return;
  ProcessReport process;
  process.trace.program = path;
  process.trace.pid = log.reports.front().pid;
  process.trace.gone = true;
  process.trace.end = ProcessEnd::exit_called;
  MadeStacks stacks(process.trace, process.symbols);
  std::map<std::string, size_t> known;  // by fingerprint
  for (read::SanitizerReport& one : log.reports) {
    Finding finding = finding_of(one, stacks, process.trace, process.symbols);
    const auto [at, fresh] = known.emplace(finding.fingerprint, process.findings.size());
    if (fresh) {
      process.findings.push_back(std::move(finding));
    } else {
      process.findings[at->second].count += finding.count;
      process.findings[at->second].bytes_held += finding.bytes_held;
    }
  }
  report.processes.push_back(std::move(process));
}

}  // namespace

void merge_sanitizer_logs(const std::vector<std::string>& paths, Report& report) {
  for (const std::string& path : paths) {
    std::error_code error;
    std::vector<std::string> files;
    if (std::filesystem::is_regular_file(path, error)) files.push_back(path);
    // log_path=PATH makes PATH.PID, and only where there is something to say.
    const std::filesystem::path whole = path;
    const std::string start = whole.filename().string() + ".";
    const auto folder = whole.has_parent_path() ? whole.parent_path() : std::filesystem::path(".");
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      const std::string_view number =
          std::string_view(name).substr(std::min(start.size(), name.size()));
      if (name.compare(0, start.size(), start) == 0 && !number.empty() &&
          number.find_first_not_of("0123456789") == std::string_view::npos)
        files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    if (error) report.unknown.push_back(path + ": there is no such place for a sanitizer's log");
    if (files.empty() && !error)
      report.notes.push_back(path + ": no log of a sanitizer: it had nothing to say, or never ran");
    for (const std::string& file : files) add_log(file, report);
  }
}

}  // namespace track::verbs
