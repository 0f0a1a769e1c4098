#include "cli/verbs/saved_report.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/model/made_stacks.h"
#include "cli/write/gaps.h"

namespace track::verbs {
namespace {

using SavedJson = nlohmann::json;

constexpr uint64_t kSchema = 1;
constexpr uint64_t kMostReportBytes = uint64_t{256} << 20;

// What is absent, null or of another type is as if it said nothing: other versions wrote less.
std::string text_of(const SavedJson& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
}
uint64_t number_of(const SavedJson& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_number_unsigned() ? at->get<uint64_t>() : 0;
}
bool flag_of(const SavedJson& json, const char* key) {
  const auto at = json.find(key);
  return at != json.end() && at->is_boolean() && at->get<bool>();
}
const SavedJson& part_of(const SavedJson& json, const char* key) {
  static const SavedJson nothing;
  const auto at = json.find(key);
  return at != json.end() && at->is_structured() ? *at : nothing;
}
std::vector<std::string> texts_of(const SavedJson& json, const char* key) {
  std::vector<std::string> result;
  for (const SavedJson& item : part_of(json, key))
    if (item.is_string()) result.push_back(item.get<std::string>());
  return result;
}

// The value whose name it is.
template <class Enum, class Name>
Enum named(const std::string& name, Enum last, Enum otherwise, Name name_of) {
  for (int i = 0; i <= static_cast<int>(last); ++i)
    if (name == name_of(static_cast<Enum>(i))) return static_cast<Enum>(i);
  return otherwise;
}

std::vector<StackLine> lines_of(const SavedJson& frames) {
  std::vector<StackLine> lines;
  for (const SavedJson& frame : frames) {
    if (!frame.is_object()) continue;
    StackLine& line = lines.emplace_back();
    line.function = text_of(frame, "function");
    line.file = text_of(frame, "file");
    line.line = static_cast<uint32_t>(number_of(frame, "line"));
    line.module = text_of(frame, "module");
    line.offset = std::strtoull(text_of(frame, "offset").c_str(), nullptr, 16);
  }
  return lines;
}

void read_await_chain(const SavedJson& chain, Trace& trace, Finding& finding) {
  for (const SavedJson& json : chain) {
    if (!json.is_object()) continue;
    AwaitFrame& frame = finding.await_chain.emplace_back();
    frame.task = number_of(json, "task");
    frame.self = flag_of(json, "self");
    frame.weak = !flag_of(json, "certain");
    frame.function = static_cast<uint32_t>(trace.functions.size());
    trace.functions.push_back(text_of(json, "function"));
    frame.await_point = static_cast<uint32_t>(trace.await_points.size());
    AwaitPoint& point = trace.await_points.emplace_back();
    point.function = frame.function;
    point.file = text_of(json, "file");
    point.line = static_cast<uint32_t>(number_of(json, "line"));
    point.exact = flag_of(json, "exact");
    point.stage =
        named(text_of(json, "stage"), AwaitStage::final, AwaitStage::unknown, await_stage_name);
    point.method = named(text_of(json, "method"), AwaitMethod::resume_side, AwaitMethod::none,
                         await_method_name);
    point.promise_type = text_of(json, "promise_type");
    point.awaiter_type = text_of(json, "awaiter_type");
  }
}

void read_tasks(const SavedJson& tasks, MadeStacks& stacks, Finding& finding) {
  for (const SavedJson& json : tasks) {
    if (!json.is_object()) continue;
    FindingTask& task = finding.tasks.emplace_back();
    task.id = number_of(json, "id");
    task.kind = named(text_of(json, "kind"), TaskKind::fiber, TaskKind::thread, task_kind_name);
    task.name = text_of(json, "name");
    task.tid = static_cast<int32_t>(number_of(json, "tid"));
    task.main = flag_of(json, "main");
    task.state =
        named(text_of(json, "state"), TaskState::unknown, TaskState::unknown, task_state_name);
    task.age_ns = number_of(json, "age_ns");
    task.created_at = stacks.add(lines_of(part_of(json, "created_at")));
    task.blocked_at = stacks.add(lines_of(part_of(json, "blocked_at")));
  }
}

// False: a rule or evidence of which we know nothing.
bool read_finding(const SavedJson& json, Trace& trace, MadeStacks& stacks, Finding& finding) {
  const auto rule = parse_rule(text_of(json, "rule"));
  const auto evidence = parse_evidence(text_of(json, "evidence"));
  finding.fingerprint = text_of(json, "fingerprint");
  if (!rule || !evidence || finding.fingerprint.empty()) return false;
  finding.rule = *rule;
  finding.evidence = *evidence;
  finding.count = std::max<uint64_t>(1, number_of(json, "count"));
  finding.title = text_of(json, "title");
  finding.because = texts_of(json, "because");
  finding.kept_by = texts_of(json, "kept_by");
  finding.source = text_of(json, "source");
  finding.test = text_of(json, "test");
  finding.suppressed_by = text_of(json, "suppressed_by");
  finding.bytes_held = number_of(json, "bytes_held");
  const SavedJson& age = part_of(json, "age_ns");
  finding.age_min_ns = number_of(age, "min");
  finding.age_median_ns = number_of(age, "median");
  finding.age_max_ns = number_of(age, "max");
  finding.await_cycle = flag_of(json, "await_cycle");
  const SavedJson& object = part_of(json, "wait_object");
  finding.wait_object.kind = text_of(object, "kind");
  finding.wait_object.address = std::strtoull(text_of(object, "address").c_str(), nullptr, 16);
  finding.wait_object.symbol = text_of(object, "symbol");
  finding.wait_object.owner = text_of(object, "owner");
  read_await_chain(part_of(json, "await_chain"), trace, finding);
  finding.created_at = stacks.add(lines_of(part_of(json, "created_at")));
  // Of a coroutine it is the one line that its await chain has.
  if (finding.await_chain.empty())
    finding.blocked_at = stacks.add(lines_of(part_of(json, "blocked_at")));
  read_tasks(part_of(json, "tasks"), stacks, finding);
  return true;
}

void read_counts(const SavedJson& json, TaskCounts& counts) {
  const auto add = [&](const char* kind, uint64_t& live, uint64_t& created) {
    live += number_of(part_of(json, kind), "live");
    created += number_of(part_of(json, kind), "created");
  };
  add("threads", counts.threads, counts.threads_created);
  add("coroutines", counts.coroutines, counts.coroutines_created);
  add("fibers", counts.fibers, counts.fibers_created);
}

ProcessReport read_process(const SavedJson& json) {
  ProcessReport process;
  Trace& trace = process.trace;
  trace.program = text_of(json, "program");
  trace.pid = static_cast<int32_t>(number_of(json, "pid"));
  trace.parent_pid = static_cast<int32_t>(number_of(json, "parent_pid"));
  trace.forked = flag_of(json, "forked");
  trace.end =
      named(text_of(json, "end"), ProcessEnd::unknown, ProcessEnd::unknown, process_end_name);
  trace.gone = trace.end != ProcessEnd::alive && trace.end != ProcessEnd::timed_out;
  trace.exit_code = static_cast<int>(number_of(json, "exit_code"));
  trace.signal = static_cast<int>(number_of(json, "signal"));
  trace.executed = text_of(json, "executed");
  trace.warnings = texts_of(json, "damage");
  trace.not_visible = texts_of(json, "not_visible");
  trace.orders_lost = number_of(json, "lost_orders");
  for (const auto& [kind, count] : part_of(json, "lost").items())
    if (count.is_number_unsigned() && count != 0) trace.lost[kind] = count.get<uint64_t>();
  process.note = text_of(json, "note");
  return process;
}

// Why it is no report of a run that ended; empty: it is one.
std::string problem_of(const SavedJson& json) {
  if (json.is_discarded()) return "it is cut short, or no JSON: nothing is known of that run";
  if (!json.is_object() || !json.contains("schema_version"))
    return "it is no report of track (--json); move it elsewhere";
  const uint64_t schema = number_of(json, "schema_version");
  if (schema != kSchema)
    return "it has schema " + std::to_string(schema) + ", this track reads " +
           std::to_string(kSchema) + "; use the track that wrote it, or a newer one";
  if (flag_of(json, "unfinished"))
    return "the check of `" + text_of(part_of(json, "run"), "name") +
           "` began and was ended before its report: nothing is known of it";
  if (!part_of(json, "findings").is_array() || !part_of(json, "processes").is_array())
    return "it is no report of findings (track check --json): it has no findings or no processes";
  return {};
}

SavedJson parsed_file(const std::string& path, std::string& problem) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0)
    problem = errno == ENOENT ? "there is no such report: the check that was to write it did not"
                              : std::string("cannot be read: ") + std::strerror(errno);
  else if (!S_ISREG(status.st_mode))
    problem = "it is no file";
  else if (static_cast<uint64_t>(status.st_size) > kMostReportBytes)
    problem = "it is larger than any report (256 MiB)";
  if (!problem.empty()) return {};
  std::ifstream file(path);
  if (!file) {
    problem = std::string("cannot be read: ") + std::strerror(errno);
    return {};
  }
  // Not deeper than a report is: what nests for ever would take our stack.
  const auto shallow = [](int depth, SavedJson::parse_event_t, SavedJson&) { return depth < 32; };
  return SavedJson::parse(file, shallow, false);
}

}  // namespace

SavedReport read_saved_report(const std::string& path) {
  SavedReport saved;
  saved.name = std::filesystem::path(path).stem().string();
  const SavedJson json = parsed_file(path, saved.problem);
  if (saved.problem.empty()) saved.problem = problem_of(json);
  if (!saved.problem.empty()) return saved;
  Report& report = saved.report;
  for (const SavedJson& one : part_of(json, "processes"))
    if (one.is_object()) report.processes.push_back(read_process(one));
  const bool damaged = report.processes.size() != part_of(json, "processes").size();
  std::vector<std::unique_ptr<MadeStacks>> stacks;
  for (ProcessReport& process : report.processes)
    stacks.push_back(std::make_unique<MadeStacks>(process.trace, process.symbols));
  size_t unread = damaged;
  for (const SavedJson& one : part_of(json, "findings")) {
    size_t of = 0;
    while (of < report.processes.size() && one.is_object() &&
           report.processes[of].trace.pid != static_cast<int32_t>(number_of(one, "pid")))
      ++of;
    Finding finding;
    if (of == report.processes.size() || !one.is_object() ||
        !read_finding(one, report.processes[of].trace, *stacks[of], finding)) {
      ++unread;
      continue;
    }
    report.processes[of].findings.push_back(std::move(finding));
  }
  read_counts(part_of(json, "tasks"), report.clean.tasks);
  report.clean.count = number_of(json, "clean_processes");
  report.notes = texts_of(json, "notes");
  const SavedJson& run = part_of(json, "run");
  if (const std::string name = text_of(run, "name"); !name.empty()) saved.name = name;
  saved.exit_code = static_cast<int>(number_of(run, "exit_code"));
  saved.seen_to_the_end =
      run.is_object() ? flag_of(run, "seen_to_the_end") : write::gaps(report).empty();
  if (unread != 0)
    saved.problem = "it has findings that this track cannot read: a newer one wrote it";
  return saved;
}

std::string unfinished_report(const RunFacts& run) {
  const SavedJson json{{"schema_version", kSchema},
                       {"unfinished", true},
                       {"run", {{"name", run.name}, {"command", run.command}}}};
  return json.dump(1, ' ', false, SavedJson::error_handler_t::replace) + "\n";
}

}  // namespace track::verbs
