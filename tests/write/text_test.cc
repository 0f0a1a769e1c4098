#include "cli/write/text.h"

#include <doctest/doctest.h>

#include "cli/analyze/fail_on.h"
#include "cli/analyze/judge.h"
#include "cli/write/gaps.h"
#include "cli/write/html.h"
#include "cli/write/tasks.h"
#include "tests/support/trace_builder.h"

using namespace track;
using test::TraceBuilder;

namespace {

Report report_of(TraceBuilder t) {
  Report report;
  ProcessReport process;
  process.findings = analyze::judge(t.trace, t.symbols, {});
  for (Finding& finding : process.findings) finding.failing = analyze::FailOn().fails(finding);
  process.trace = std::move(t.trace);
  process.symbols = std::move(t.symbols);
  report.processes.push_back(std::move(process));
  return report;
}

TraceBuilder unjoined() {
  TraceBuilder t;
  Thread& worker = t.add_thread(TaskState::ended);
  worker.created_at = t.stack({"std::thread::thread<void (&)()>(void (&)())@1", "accept_client@4",
                               "main@9", "__libc_start_main"});
  worker.name = "worker";
  return t;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

std::string last_line(const std::string& text) {
  return text.substr(text.rfind('\n', text.size() - 2) + 1);
}

}  // namespace

TEST_CASE("a program that was killed, or still runs, is not called clean") {
  Report report;
  report.processes.emplace_back();
  Trace& trace = report.processes.back().trace;
  trace.gone = true;
  trace.end = ProcessEnd::main_returned;
  CHECK(write::text_report(report, {}).find("clean: 0 findings") != std::string::npos);
  trace.end = ProcessEnd::killed;
  CHECK(write::text_report(report, {}).find("0 findings, but not clean") != std::string::npos);
  trace.gone = false;
  CHECK(write::text_report(report, {}).find("0 findings so far") != std::string::npos);
}

TEST_CASE("a core file without findings says what it could not tell, and is not called clean") {
  TraceBuilder t;
  for (const WaitKind kind : {WaitKind::condition, WaitKind::read, WaitKind::condition})
    t.add_thread(TaskState::blocked).wait.kind = kind;
  t.add_thread(TaskState::running);
  Report report;
  report.processes.emplace_back();
  report.processes.back().trace = std::move(t.trace);
  Trace& trace = report.processes.back().trace;
  trace.gone = true;
  trace.prepared = false;
  for (const ProcessEnd end : {ProcessEnd::alive, ProcessEnd::killed}) {
    trace.end = end;
    const std::string said = last_line(write::text_report(report, {}));
    CHECK(said.find("0 findings, but not clean: a core file has no recording, and of 3 threads "
                    "asleep (2 condition, 1 read) it does not say since when") !=
          std::string::npos);
    CHECK(write::gaps(report).size() == 1);
  }
  // With a recording the end of it all was seen.
  trace.prepared = true;
  trace.end = ProcessEnd::main_returned;
  CHECK(last_line(write::text_report(report, {})).find("clean: 0 findings") != std::string::npos);
  CHECK(write::gaps(report).empty());
}

TEST_CASE("a clean report says in one line that lock orders were passed over") {
  Report report;
  report.processes.emplace_back();
  report.processes.back().trace.gone = true;
  report.processes.back().trace.end = ProcessEnd::main_returned;
  CHECK(write::text_report(report, {}).find("lock-order") == std::string::npos);
  report.processes.push_back(report.processes[0]);
  for (ProcessReport& process : report.processes) process.trace.orders_lost = 700;
  Trace other = report.processes[0].trace;
  other.orders_lost = 34;
  report.clean.add(other);
  write::TextOptions options;
  options.width = 200;
  const std::string text = write::text_report(report, options);
  CHECK(text.find("not visible: the order of 1434 locks taken inside others (rule lock-order): too "
                  "many different ones, so that only some are looked at\n") == 0);
  CHECK(last_line(text).find("clean: 0 findings in 3 processes") != std::string::npos);
}

TEST_CASE("the plain table of a page says what was lost and what could not be seen") {
  Report report = report_of(unjoined());
  CHECK(write::html_findings(report).find("Lost") == std::string::npos);
  CHECK(write::html_findings(report).find("Not visible") == std::string::npos);
  report.processes[0].trace.lost = {{"stacks", 3}, {"tasks", 1}};
  report.processes[0].trace.orders_lost = 70;
  const std::string html = write::html_findings(report);
  CHECK(html.find("<p>Lost: 3 stacks, 1 tasks</p>") != std::string::npos);
  CHECK(html.find("<p>Not visible: the order of 70 locks taken inside others") !=
        std::string::npos);
  report.processes.push_back(report.processes[0]);
  CHECK(write::html_findings(report).find("<p>Lost in process 900: 3 stacks, 1 tasks</p>") !=
        std::string::npos);
}

TEST_CASE("a failing report reads like this") {
  CHECK(write::text_report(report_of(unjoined()), {}) ==
        R"(ERROR: libtrack: 1 finding(s)

1. unjoined-thread (proved): 1 thread created in accept_client ended and was
   never joined or detached
   because: it ended 29 s before the process was last seen; its stack and
     descriptor are kept until it is joined
   because: the process is over (main returned), and no pthread_join,
     pthread_detach or equal was seen for it
   thread 2 (worker, tid 902), age 30 s
   created at
     #0  accept_client /src/accept_client.cc:4
     #1  main /src/main.cc:9
   fingerprint )" +
            report_of(unjoined()).processes[0].findings[0].fingerprint +
            R"(

SUMMARY: libtrack: 1 finding (1 unjoined-thread); 2 threads, 0 coroutines; 0 suppressed; nothing lost
)");
}

TEST_CASE("what is below the gate is a note") {
  TraceBuilder t;
  t.add_thread();
  CHECK(first_line(write::text_report(report_of(std::move(t)), {})) ==
        "NOTE: libtrack: 1 suspected finding, below --fail-on");
}

TEST_CASE("clean says clean, and lossy says lossy") {
  CHECK(last_line(write::text_report(report_of(TraceBuilder()), {})) ==
        "SUMMARY: libtrack: clean: 0 findings; 1 thread, 0 coroutines; 0 suppressed; nothing "
        "lost\n");
  TraceBuilder lossy;
  lossy.trace.lost["stacks"] = 3;
  const std::string text = write::text_report(report_of(std::move(lossy)), {});
  CHECK(last_line(text).find("clean but lossy") != std::string::npos);
  CHECK(last_line(text).find("lost: 3 stacks") != std::string::npos);
}

TEST_CASE("threads that were there at the attach count as well") {
  TraceBuilder attached;
  attached.trace.attached = true;
  attached.add_thread().adopted = true;
  attached.trace.threads_created = 0;
  const std::string text = write::text_report(report_of(std::move(attached)), {});
  CHECK(last_line(text).find("; 1 thread, 0 coroutines;") != std::string::npos);
}

TEST_CASE("a suppressed finding is counted, not printed") {
  Report report = report_of(unjoined());
  report.processes[0].findings[0].suppressed_by = "rule:unjoined-thread";
  report.processes[0].findings[0].failing = false;
  report.suppressions.push_back({"rule:unjoined-thread", 1});
  const std::string text = write::text_report(report, {});
  CHECK(text.find("accept_client") == std::string::npos);
  CHECK(text.find("suppressed: 1 task by rule:unjoined-thread") != std::string::npos);
  CHECK(last_line(text).find("1 suppressed") != std::string::npos);
}

TEST_CASE("several processes have a heading each") {
  Report report = report_of(unjoined());
  report.processes.push_back(report_of(unjoined()).processes[0]);
  report.processes[1].trace.pid = 901;
  const std::string text = write::text_report(report, {});
  CHECK(first_line(text) == "ERROR: libtrack: 2 finding(s)");
  CHECK(text.find("== process 900 server: main returned, exit code 0") != std::string::npos);
  CHECK(text.find("== process 901 server") != std::string::npos);
  CHECK(last_line(text).find("in 2 processes") != std::string::npos);
}

TEST_CASE("there is colour only when asked for") {
  CHECK(write::text_report(report_of(unjoined()), {}).find('\033') == std::string::npos);
  write::TextOptions options;
  options.colour = true;
  CHECK(write::text_report(report_of(unjoined()), options).find("\033[1;31m") == 0);
}

TEST_CASE("paths below the working directory are relative to it") {
  write::TextOptions options;
  options.directory = "/src";
  CHECK(
      write::text_report(report_of(unjoined()), options).find("accept_client accept_client.cc:4") !=
      std::string::npos);
}

TEST_CASE("ps prints a row for each thread and where it came from") {
  TraceBuilder t;
  t.add_thread().created_at = t.stack({"make_pool@4", "main@9"});
  t.waits(2, WaitKind::mutex, 0x5000);
  t.thread(2).wait.stack = t.stack({"work@20"});
  t.symbols.objects[0x5000] = "queue_mutex";
  const Report report = report_of(std::move(t));
  CHECK(write::text_tasks(report.processes, {}, {}) ==
        R"(process 900 (server): 2 threads, 0 coroutines; main returned
  ID      TID  NAME            STATE                   FOR  WHERE
   1      901  main            running                30 s
   2      902                  mutex                  28 s
               queue_mutex, work work.cc:20
               created in make_pool make_pool.cc:4
)");
}

TEST_CASE("many coroutines of one kind are one row") {
  TraceBuilder t;
  const StackIndex at = t.stack({"accept@4", "main@9"});
  for (int i = 0; i < 1000; ++i) t.add_coroutine("session(int)", at);
  const Report report = report_of(std::move(t));
  const auto rows = write::task_rows(report.processes[0], {});
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].count == 1000);
  CHECK(rows[1].bytes == 96'000);
}

TEST_CASE("ps filters by state, kind and age, and groups by site and state") {
  TraceBuilder t;
  const StackIndex at = t.stack({"make_pool@4", "main@9"});
  for (uint32_t id = 2; id < 6; ++id) {
    t.add_thread().created_at = at;
    t.waits(id, WaitKind::condition, 0x5000);
  }
  t.thread(5).created_ns = t.trace.taken_ns;
  t.add_coroutine("session(int)", at);
  const Report report = report_of(std::move(t));
  const auto count = [&](write::TaskFilter filter) {
    return write::task_rows(report.processes[0], filter).size();
  };
  write::TaskFilter filter;
  filter.state = "blocked";
  CHECK(count(filter) == 4);
  filter.state = "condition";
  CHECK(count(filter) == 4);
  filter.min_age_ns = 1'000'000'000;
  CHECK(count(filter) == 3);
  filter.by = write::GroupBy::site;
  CHECK(count(filter) == 1);
  filter = {};
  filter.kind = "coroutine";
  CHECK(count(filter) == 1);
  filter = {};
  filter.by = write::GroupBy::state;
  CHECK(count(filter) == 3);
}
