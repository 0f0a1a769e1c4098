#include "cli/write/json.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/analyze/judge.h"
#include "cli/model/error.h"
#include "tests/support/trace_builder.h"

using namespace track;
using nlohmann::json;
using test::TraceBuilder;

namespace {

Report one_finding() {
  TraceBuilder t;
  t.add_thread(TaskState::ended).created_at = t.stack({"start@4", "main@9"});
  Report report;
  ProcessReport process;
  process.findings = analyze::judge(t.trace, t.symbols, {});
  process.trace = t.trace;
  process.symbols = t.symbols;
  report.processes.push_back(process);
  return report;
}

class Directory {
 public:
  Directory() { mkdtemp(name_); }
  ~Directory() { std::filesystem::remove_all(name_); }
  std::string path() const { return name_; }

 private:
  char name_[32] = "/tmp/track-test-XXXXXX";
};

}  // namespace

TEST_CASE("the report has the fields that schema version 1 promises") {
  const json report = json::parse(write::json_report(one_finding()));
  CHECK(report["schema_version"] == 1);
  CHECK(report["program"] == "/bin/server");
  CHECK(report["pid"] == 900);
  CHECK(report["complete"] == true);
  CHECK(report["lost"]["events"] == 0);
  CHECK(report["lost"]["tasks"] == 0);
  CHECK(report["not_visible"].is_array());
  CHECK(report["tasks"]["threads"]["live"] == 1);
  CHECK(report["tasks"]["threads"]["created"] == 2);
  CHECK(report["tasks"]["coroutines"]["live"] == 0);
  CHECK(report["tasks"]["fibers"]["live"] == 0);
  REQUIRE(report["findings"].size() == 1);
  const json& finding = report["findings"][0];
  CHECK(finding["rule"] == "unjoined-thread");
  CHECK(finding["evidence"] == "proved");
  CHECK(finding["count"] == 1);
  CHECK(finding["because"].size() == 2);
  CHECK(finding["created_at"][0]["function"] == "start");
  CHECK(finding["created_at"][0]["line"] == 4);
  CHECK(finding["created_at"][0]["module"] == "/bin/server");
  CHECK(finding["blocked_at"].empty());
  CHECK(finding["await_chain"].empty());
  CHECK(finding["wait_object"].is_null());
  CHECK(finding["age_ns"]["max"] == 30'000'000'000);
  CHECK(finding["test"].is_null());
  CHECK(finding["tasks"][0]["kind"] == "thread");
  CHECK(finding["tasks"][0]["main"] == false);
  CHECK(finding["tasks"][0]["state"] == "ended");
}

TEST_CASE("several processes are summed, and every finding names its process") {
  Report report = one_finding();
  report.processes.push_back(report.processes[0]);
  report.processes[1].trace.pid = 901;
  report.processes[1].trace.lost["stacks"] = 2;
  report.processes[1].trace.orders_lost = 30;
  report.clean.orders_lost = 4;
  const json all = json::parse(write::json_report(report));
  CHECK(all["findings"].size() == 2);
  CHECK(all["findings"][1]["pid"] == 901);
  CHECK(all["processes"].size() == 2);
  CHECK(all["complete"] == false);
  CHECK(all["lost"]["stacks"] == 2);
  CHECK(all["lost_orders"] == 34);
  CHECK(all["processes"][0]["lost_orders"] == 0);
  CHECK(all["processes"][1]["lost_orders"] == 30);
  CHECK(all["tasks"]["threads"]["created"] == 4);
}

TEST_CASE("names that are no UTF-8 do not break the file") {
  Report report = one_finding();
  report.processes[0].findings[0].title = "\xff\xfe";
  CHECK(json::parse(write::json_report(report)).contains("findings"));
}

TEST_CASE("a file is written whole, and leaves nothing behind when it cannot be") {
  const Directory directory;
  write::write_file(directory.path() + "/report.json", "{}\n");
  std::ifstream file(directory.path() + "/report.json");
  std::stringstream text;
  text << file.rdbuf();
  CHECK(text.str() == "{}\n");
  CHECK_THROWS_AS(write::write_file(directory.path() + "/no/report.json", "{}"), Error);
  std::filesystem::create_directory(directory.path() + "/taken");
  CHECK_THROWS_AS(write::write_file(directory.path() + "/taken", "{}"), Error);
  size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory.path()))
    ++files;
  CHECK(files == 2);
}
