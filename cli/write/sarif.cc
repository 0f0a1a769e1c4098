#include "cli/write/sarif.h"

#include <fmt/format.h>

#include "cli/model/utf8.h"
#include "cli/model/words.h"
#include "cli/write/gaps.h"
#include "cli/write/json_parts.h"
#include "cli/write/rule_help.h"
#include "cli/write/source_place.h"
#include "cli/write/text.h"

#ifndef TRACK_VERSION
#define TRACK_VERSION "0"
#endif

namespace track::write {
namespace {

constexpr const char* kRootName = "SRCROOT";
constexpr const char* kIncomplete = "record-incomplete";

// Bytes that a URI may not hold as they are, and a colon, which would end a scheme.
std::string uri_path(const std::string& path) {
  std::string result;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("/-._~").find(c) != std::string_view::npos;
    result += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

// In a message braces are doubled: single ones stand for arguments.
Json message(const std::string& text) {
  std::string result;
  for (const char c : printable(text)) {
    if (c == '{' || c == '}') result += c;
    result += c;
  }
  return {{"text", result}};
}

const char* level_of(Evidence evidence) {
  return evidence == Evidence::proved ? "error" : evidence == Evidence::likely ? "warning" : "note";
}

class SarifLog {
 public:
  SarifLog(const Report& report, const SourceRoot& root) : report_(report), root_(root) {}

  Json log() const {
    return {{"$schema",
             "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
             "sarif-schema-2.1.0.json"},
            {"version", "2.1.0"},
            {"runs", Json::array({run()})}};
  }

 private:
  Json run() const {
    const std::string& root = root_.directory();
    Json json{{"tool", {{"driver", driver()}}},
              {"invocations", Json::array({invocation()})},
              {"originalUriBaseIds",
               {{kRootName, {{"uri", "file://" + uri_path(root) + (root == "/" ? "" : "/")}}}}},
              {"columnKind", "utf16CodeUnits"},
              {"results", results()}};
    // Uploads of several programs must not replace each other.
    if (!report_.processes.empty())
      json["automationDetails"] = {
          {"id", "libtrack/" + printable_line(base_name(first().program)) + "/"}};
    return json;
  }

  static Json driver() {
    Json rules = Json::array();
    for (const RuleHelp& help : rule_help())
      rules.push_back({{"id", rule_name(help.rule)},
                       {"name", rule_name(help.rule)},
                       {"shortDescription", message(help.brief)},
                       {"fullDescription", message(std::string(help.brief) + " " + help.help)},
                       {"help", message(help.help)},
                       {"defaultConfiguration", {{"level", "warning"}}},
                       {"properties", {{"tags", {"concurrency", "leak"}}}}});
    return {{"name", "libtrack"},
            {"version", TRACK_VERSION},
            {"rules", std::move(rules)},
            {"notifications",
             Json::array({{{"id", kIncomplete},
                           {"shortDescription", message("The record is not complete.")}}})}};
  }

  const Trace& first() const { return report_.processes.front().trace; }

  Json invocation() const {
    Json told = Json::array();
    for (const std::string& gap : gaps(report_))
      told.push_back({{"level", "error"},
                      {"descriptor", {{"id", kIncomplete}, {"index", 0}}},
                      {"message", message(gap)}});
    Json json{{"executionSuccessful", told.empty()}};
    const auto note = [&](const std::string& text) {
      told.push_back({{"level", "note"}, {"message", message(text)}});
    };
    for (const ProcessReport& process : report_.processes)
      for (const std::string& item : process.trace.not_visible)
        note(fmt::format("process {}: not visible: {}", process.trace.pid, item));
    if (const std::string unseen = unseen_orders_text(report_.orders_lost()); !unseen.empty())
      note("not visible: " + unseen);
    for (const std::string& text : report_.notes) note(text);
    note(summary_line(report_));
    json["toolExecutionNotifications"] = std::move(told);
    if (!report_.processes.empty() && first().start_realtime_ns != 0)
      json["startTimeUtc"] = utc_text(first().start_realtime_ns);
    return json;
  }

  Json results() const {
    Json results = Json::array();
    for (const ProcessReport& process : report_.processes)
      for (const Finding& finding : process.findings) results.push_back(result(process, finding));
    return results;
  }

  Json result(const ProcessReport& process, const Finding& finding) const {
    std::string text = finding.title;
    for (const std::string& reason : finding.because) text += "\nbecause: " + reason;
    if (!finding.test.empty()) text += "\nin test: " + finding.test;
    Json json{{"ruleId", rule_name(finding.rule)},
              {"ruleIndex", static_cast<size_t>(finding.rule)},
              {"level", level_of(finding.evidence)},
              {"message", message(text)},
              {"locations", Json::array({location(process, finding)})},
              {"partialFingerprints", {{"libtrack/v1", finding.fingerprint}}}};
    if (Json all = stacks(process, finding); !all.empty()) json["stacks"] = std::move(all);
    // Once one result has them, those without have to say so.
    json["suppressions"] = Json::array();
    if (!finding.suppressed_by.empty())
      json["suppressions"].push_back(
          {{"kind", "external"},
           {"status", "accepted"},
           {"justification", printable("suppressed by " + finding.suppressed_by)}});
    if (finding.baseline != BaselineState::none)
      json["baselineState"] = finding.baseline == BaselineState::known   ? "unchanged"
                              : finding.baseline == BaselineState::grown ? "updated"
                                                                         : "new";
    json["occurrenceCount"] = finding.count;
    json["properties"] = {{"evidence", evidence_name(finding.evidence)},
                          {"failing", finding.failing},
                          {"pid", process.trace.pid},
                          {"program", printable(process.trace.program)}};
    if (!finding.test.empty()) json["properties"]["test"] = printable(finding.test);
    return json;
  }

  Json artifact(const std::string& file) const {
    if (const auto below = root_.below(file))
      return {{"uri", uri_path(*below)}, {"uriBaseId", kRootName}};
    return {{"uri", file.starts_with('/') ? "file://" + uri_path(file) : uri_path(file)}};
  }

  Json source(const std::string& file, uint32_t line, const std::string& function) const {
    Json json = Json::object();
    if (!file.empty()) {
      json["physicalLocation"]["artifactLocation"] = artifact(file);
      if (line != 0) json["physicalLocation"]["region"] = {{"startLine", line}};
    }
    if (!function.empty())
      json["logicalLocations"] =
          Json::array({{{"fullyQualifiedName", printable_line(function)}, {"kind", "function"}}});
    return json;
  }

  // Of one without a line of source, the program: a viewer drops what has no location.
  Json location(const ProcessReport& process, const Finding& finding) const {
    if (const auto place = place_of(process, finding, root_))
      return source(place->file, place->line, place->function);
    return source(process.trace.program, 0, "");
  }

  void add_stack(Json& to, const ProcessReport& process, StackIndex stack,
                 const std::string& what) const {
    Json frames = Json::array();
    for (const StackLine& line :
         stack_lines(process.trace, process.symbols, stack, Prune::tracker)) {
      Json where = source(line.file, line.line, line.function);
      where["message"] = message(line_text(line));
      frames.push_back(
          {{"location", std::move(where)}, {"module", printable_line(base_name(line.module))}});
    }
    if (!frames.empty()) to.push_back({{"message", message(what)}, {"frames", std::move(frames)}});
  }

  // Of tasks that are not all at the same places each has its own.
  Json stacks(const ProcessReport& process, const Finding& finding) const {
    Json all = Json::array();
    add_stack(all, process, finding.blocked_at, blocked_label(finding));
    add_awaits(all, process, finding);
    add_stack(all, process, finding.created_at, created_label(finding));
    if (finding.rule != Rule::deadlock && finding.rule != Rule::lock_order) return all;
    for (const FindingTask& task : finding.tasks) {
      const std::string who =
          fmt::format("{} {} {}", task_kind_name(task.kind), task.id, task.name);
      add_stack(all, process, task.blocked_at, who + ": blocked at");
      add_stack(all, process, task.created_at, who + ": created at");
    }
    return all;
  }

  void add_awaits(Json& to, const ProcessReport& process, const Finding& finding) const {
    const Trace& trace = process.trace;
    Json frames = Json::array();
    for (const AwaitFrame& frame : finding.await_chain) {
      const AwaitPoint point = frame.await_point < trace.await_points.size()
                                   ? trace.await_points[frame.await_point]
                                   : AwaitPoint{};
      const std::string function =
          frame.function < trace.functions.size() ? trace.functions[frame.function] : "";
      frames.push_back({{"location", source(point.file, point.line, function)}});
    }
    if (!frames.empty())
      to.push_back({{"message", message("await chain")}, {"frames", std::move(frames)}});
  }

  const Report& report_;
  const SourceRoot& root_;
};

}  // namespace

std::string sarif_report(const Report& report, const SourceRoot& root) {
  return dump_json(SarifLog(report, root).log());
}

}  // namespace track::write
