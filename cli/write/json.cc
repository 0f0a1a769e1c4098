#include "cli/write/json.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cli/model/error.h"
#include "cli/model/words.h"
#include "cli/write/json_parts.h"

namespace track::write {
namespace {

Json optional_text(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json task_json(const Trace& trace, const FindingTask& task) {
  Json json{{"id", task.id},        {"kind", task_kind_name(task.kind)},
            {"name", task.name},    {"tid", task.tid},
            {"main", task.main},    {"state", task_state_name(task.state)},
            {"age_ns", task.age_ns}};
  if (!task.given_name.empty()) json["given_name"] = task.given_name;
  if (task.labels != 0) json["labels"] = labels_json(trace, task.labels);
  return json;
}

// The threads of a cycle have stacks of their own; those of a group are all at the same places.
void add_own_stacks(Json& json, const ProcessReport& process, const FindingTask& task) {
  json["created_at"] = stack_json(process.trace, process.symbols, task.created_at);
  json["blocked_at"] = stack_json(process.trace, process.symbols, task.blocked_at);
}

Json wait_object_json(const WaitObject& object) {
  if (object.kind.empty()) return Json();
  return {{"kind", object.kind},
          {"address", hex_text(object.address)},
          {"symbol", optional_text(object.symbol)},
          {"owner", optional_text(object.owner)},
          {"created_at", Json::array()}};
}

Json await_chain_json(const Trace& trace, const Finding& finding) {
  Json chain = Json::array();
  for (const AwaitFrame& frame : finding.await_chain) {
    Json json = await_point_json(trace, frame.function, frame.await_point);
    json["task"] = frame.task;
    json["self"] = frame.self;
    json["certain"] = !frame.weak;
    chain.push_back(std::move(json));
  }
  return chain;
}

// A coroutine's is the one line of its co_await.
Json blocked_at_json(const ProcessReport& process, const Finding& finding) {
  if (finding.blocked_at != 0)
    return stack_json(process.trace, process.symbols, finding.blocked_at);
  Json frames = Json::array();
  for (const AwaitFrame& frame : finding.await_chain)
    if (frame.self)
      frames.push_back(await_point_json(process.trace, frame.function, frame.await_point));
  return frames;
}

Json finding_json(const ProcessReport& process, const Finding& finding) {
  Json json{{"rule", rule_name(finding.rule)},
            {"evidence", evidence_name(finding.evidence)},
            {"count", finding.count},
            {"fingerprint", finding.fingerprint},
            {"title", finding.title},
            {"because", finding.because},
            {"created_at", stack_json(process.trace, process.symbols, finding.created_at)},
            {"blocked_at", blocked_at_json(process, finding)},
            {"await_chain", await_chain_json(process.trace, finding)},
            {"await_cycle", finding.await_cycle},
            {"wait_object", wait_object_json(finding.wait_object)},
            {"age_ns",
             {{"min", finding.age_min_ns},
              {"median", finding.age_median_ns},
              {"max", finding.age_max_ns}}},
            {"bytes_held", finding.bytes_held},
            {"kept_by", finding.kept_by},
            {"test", optional_text(finding.test)},
            {"scope", optional_text(finding.scope)},
            {"pool", optional_text(finding.pool)},
            {"source", optional_text(finding.source)},
            {"pid", process.trace.pid},
            {"failing", finding.failing},
            {"suppressed_by", optional_text(finding.suppressed_by)},
            {"baseline", optional_text(baseline_state_name(finding.baseline))}};
  Json tasks = Json::array();
  for (const FindingTask& task : finding.tasks) {
    tasks.push_back(task_json(process.trace, task));
    if (finding.rule == Rule::deadlock) add_own_stacks(tasks.back(), process, task);
  }
  json["tasks"] = std::move(tasks);
  return json;
}

Json process_json(const ProcessReport& process) {
  const Trace& trace = process.trace;
  Json json{{"program", trace.program},           {"pid", trace.pid},
            {"parent_pid", trace.parent_pid},     {"forked", trace.forked},
            {"end", process_end_name(trace.end)}, {"complete", trace.complete()},
            {"lost", lost_json(trace.lost)},      {"damage", trace.warnings},
            {"lost_orders", trace.orders_lost},   {"not_visible", trace.not_visible},
            {"pause_ns", trace.pause_ns},         {"pause_for", trace.pause_for},
            {"tasks", task_counts_json(trace)}};
  if (trace.gone && trace.end != ProcessEnd::unknown) json["exit_code"] = trace.exit_code;
  if (trace.signal != 0) json["signal"] = trace.signal;
  if (!trace.executed.empty()) json["executed"] = trace.executed;
  if (!process.note.empty()) json["note"] = process.note;
  return json;
}

Json run_json(const std::optional<RunFacts>& run) {
  if (!run) return Json();
  return {{"name", run->name},
          {"command", run->command},
          {"exit_code", run->exit_code},
          {"timed_out", run->timed_out},
          {"seen_to_the_end", run->seen_to_the_end}};
}

// A pipe or a terminal cannot be replaced by renaming.
void write_special(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  const bool written =
      file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  int error = errno;
  const bool closed = file != nullptr && std::fclose(file) == 0;
  // What was kept in a buffer fails only now.
  if (written && !closed) error = errno;
  if (!written || !closed) throw Error("cannot write " + path + ": " + std::strerror(error));
}

}  // namespace

std::string json_report(const Report& report) {
  std::map<std::string, uint64_t> lost;
  std::vector<std::string> not_visible, symbol_notes;
  Json findings = Json::array(), processes = Json::array(), suppressions = Json::array();
  const auto add_once = [](std::vector<std::string>& to, const std::vector<std::string>& from) {
    for (const std::string& item : from)
      if (std::find(to.begin(), to.end(), item) == to.end()) to.push_back(item);
  };
  for (const ProcessReport& process : report.processes) {
    const Trace& trace = process.trace;
    for (const auto& [kind, count] : trace.lost) lost[kind] += count;
    add_once(not_visible, trace.not_visible);
    add_once(symbol_notes, process.symbols.notes);
    processes.push_back(process_json(process));
    for (const Finding& finding : process.findings)
      findings.push_back(finding_json(process, finding));
  }
  for (const SuppressionUse& use : report.suppressions)
    suppressions.push_back({{"pattern", use.text}, {"hits", use.hits}});
  const bool any = !report.processes.empty();
  Json baseline;
  if (report.baseline)
    baseline = {{"known", report.baseline->known}, {"gone", report.baseline->gone}};
  const Json json{{"schema_version", 1},
                  {"program", any ? Json(report.processes.front().trace.program) : Json()},
                  {"pid", any ? Json(report.processes.front().trace.pid) : Json()},
                  {"complete", any && report.complete()},
                  {"lost", lost_json(lost)},
                  {"lost_orders", report.orders_lost()},
                  {"not_visible", not_visible},
                  {"tasks", task_counts_json(report.tasks())},
                  {"findings", findings},
                  {"suppressions", suppressions},
                  {"unused_suppressions", report.unused_suppressions},
                  {"baseline", baseline},
                  {"symbol_notes", symbol_notes},
                  {"notes", report.notes},
                  {"clean_processes", report.clean.count},
                  {"run", run_json(report.run)},
                  {"unknown", report.unknown},
                  {"processes", processes}};
  return dump_json(json);
}

void require_writable(const std::string& path) {
  if (path.empty() || path == "-") return;
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                                           : path.substr(0, slash);
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
    throw Error("cannot write " + path + ": it is a directory; name a file in it");
  if (access(directory.c_str(), W_OK | X_OK) != 0 && access(path.c_str(), W_OK) != 0)
    throw Error("cannot write " + path + ": " + std::strerror(errno) + "; name another file");
}

void write_file(const std::string& path, const std::string& text) {
  if (path == "-") {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
        std::fflush(stdout) != 0) {
      if (errno == EPIPE) throw ReaderGone();
      throw Error(std::string("cannot write to standard output: ") + std::strerror(errno));
    }
    return;
  }
  struct stat status {};
  const bool special =
      stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
  if (special) return write_special(path, text);
  std::string temporary = path + ".XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) throw Error("cannot write " + path + ": " + std::strerror(errno));
  size_t done = 0;
  bool good = fchmod(fd, 0644) == 0;
  while (good && done < text.size()) {
    const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    good = n > 0;
    if (good) done += static_cast<size_t>(n);
  }
  int error = good ? 0 : errno;
  if (close(fd) != 0 && error == 0) error = errno;
  if (error == 0 && rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return;
  unlink(temporary.c_str());
  throw Error("cannot write " + path + ": " + std::strerror(error));
}

}  // namespace track::write
