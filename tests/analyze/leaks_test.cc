#include "cli/analyze/leaks.h"

#include <doctest/doctest.h>

#include "cli/analyze/judge.h"
#include "cli/analyze/outlived_scope.h"
#include "cli/model/labels.h"
#include "tests/support/trace_builder.h"

using namespace track;
using test::TraceBuilder;

TEST_CASE("a thread that ended and was never joined is proved once the process is over") {
  TraceBuilder t;
  const StackIndex at = t.stack({"accept_connection@4", "main@9"});
  for (int i = 0; i < 3; ++i) t.add_thread(TaskState::ended).created_at = at;
  const auto findings = analyze::find_unjoined(t.trace, t.symbols);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].evidence == Evidence::proved);
  CHECK(findings[0].count == 3);
  CHECK(findings[0].title ==
        "3 threads created in accept_connection ended and were never joined or detached");
}

TEST_CASE("a thread that ended unjoined in a process that was killed is suspected") {
  TraceBuilder t;
  t.add_thread(TaskState::ended);
  t.trace.end = ProcessEnd::killed;
  CHECK(analyze::find_unjoined(t.trace, t.symbols).at(0).evidence == Evidence::suspected);
}

TEST_CASE("joined, detached, adopted threads and main are not unjoined") {
  TraceBuilder t;
  t.thread(1).state = TaskState::ended;
  t.add_thread(TaskState::ended).joined = true;
  t.add_thread(TaskState::ended).detached = true;
  t.add_thread(TaskState::ended).adopted = true;
  t.add_thread(TaskState::ended).joiner = 1;
  CHECK(analyze::find_unjoined(t.trace, t.symbols).empty());
}

TEST_CASE("in a running process only a thread that ended a while ago is suspected") {
  TraceBuilder t;
  t.add_thread(TaskState::ended).ended_ns = t.trace.taken_ns - 100'000'000;
  t.trace.gone = false;
  t.trace.end = ProcessEnd::alive;
  CHECK(analyze::find_unjoined(t.trace, t.symbols).empty());
  t.thread(2).ended_ns = t.trace.taken_ns - 2'000'000'000;
  const auto findings = analyze::find_unjoined(t.trace, t.symbols);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].evidence == Evidence::suspected);
  CHECK(findings[0].title.find("so far") != std::string::npos);
}

TEST_CASE("stacks that differ only in addresses are one finding, in lines two") {
  TraceBuilder t;
  t.add_thread(TaskState::ended).created_at = t.stack({"start@4", "main@9"});
  t.add_thread(TaskState::ended).created_at = t.stack({"start@4", "main@9"});
  t.add_thread(TaskState::ended).created_at = t.stack({"start@5", "main@9"});
  CHECK(analyze::find_unjoined(t.trace, t.symbols).size() == 2);
}

TEST_CASE("never joined is not proved where main had no chance to join, or a join went unseen") {
  TraceBuilder t;
  t.add_thread(TaskState::ended);
  REQUIRE(analyze::find_unjoined(t.trace, t.symbols).size() == 1);
  CHECK(analyze::find_unjoined(t.trace, t.symbols)[0].evidence == Evidence::proved);
  t.trace.exit_task = 2;
  CHECK(analyze::find_unjoined(t.trace, t.symbols)[0].evidence == Evidence::suspected);
  t.trace.exit_task = 1;
  t.trace.lost["joins"] = 1;
  CHECK(analyze::find_unjoined(t.trace, t.symbols)[0].evidence == Evidence::suspected);
}

TEST_CASE("never joined is likely while somebody is left who might have, and is not stuck") {
  TraceBuilder t;
  t.add_thread(TaskState::ended);
  t.add_thread();
  const auto finding = analyze::find_unjoined(t.trace, t.symbols).at(0);
  CHECK(finding.evidence == Evidence::likely);
  CHECK(finding.because.back() ==
        "doubt: thread 3 (tid 903) was still there: it may have joined later");
  CHECK(analyze::find_unjoined(t.trace, t.symbols, {3}).at(0).evidence == Evidence::proved);
}

TEST_CASE("threads alive at the end of main are suspected, and grouped by where they stand") {
  TraceBuilder t;
  const StackIndex created = t.stack({"make_pool@4", "main@9"});
  const StackIndex at = t.stack({"work@20"});
  for (uint32_t id = 2; id < 5; ++id) {
    t.add_thread().created_at = created;
    t.waits(id, WaitKind::condition, 0x5000);
    t.thread(id).wait.stack = at;
  }
  const auto findings = analyze::find_outlived(t.trace, t.symbols, {});
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].count == 3);
  CHECK(findings[0].evidence == Evidence::suspected);
  CHECK(findings[0].blocked_at == at);
  CHECK(findings[0].title ==
        "3 threads created in make_pool were still blocked (condition) when main returned");
}

TEST_CASE("who calls exit did not outlive the process, another thread that is still there did") {
  TraceBuilder t;
  t.add_thread();
  t.add_thread();
  t.trace.exit_task = 2;
  for (const ProcessEnd end :
       {ProcessEnd::exit_called, ProcessEnd::quick_exit, ProcessEnd::underscore_exit}) {
    t.trace.end = end;
    const auto findings = analyze::find_outlived(t.trace, t.symbols, {});
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].count == 1);
    CHECK(findings[0].tasks.at(0).id == 3);
  }
}

TEST_CASE("main, adopted threads and those another finding explains did not outlive anything") {
  TraceBuilder t;
  t.add_thread().adopted = true;
  t.add_thread();
  CHECK(analyze::find_outlived(t.trace, t.symbols, {{3}, {}}).empty());
}

TEST_CASE("nothing outlives a process that runs, replaced its program, or ended unseen") {
  TraceBuilder t;
  t.add_thread();
  t.waits(2, WaitKind::mutex, 0x5000);
  for (const ProcessEnd end : {ProcessEnd::alive, ProcessEnd::unseen}) {
    t.trace.end = end;
    CHECK(analyze::find_outlived(t.trace, t.symbols, {}).empty());
  }
  t.trace.end = ProcessEnd::exit_called;
  CHECK(analyze::find_outlived(t.trace, t.symbols, {}).size() == 1);
  t.trace.superseded = true;
  CHECK(analyze::find_outlived(t.trace, t.symbols, {}).empty());
}

TEST_CASE("what outlives a process is said with the way in which it ended") {
  TraceBuilder t;
  t.add_thread();
  t.waits(2, WaitKind::mutex, 0x5000);
  t.trace.signal = 9;
  for (const auto& [end, words] : {std::pair{ProcessEnd::underscore_exit, "_exit was called"},
                                   std::pair{ProcessEnd::aborted, "abort was called"},
                                   std::pair{ProcessEnd::killed, "SIGKILL ended the process"},
                                   std::pair{ProcessEnd::timed_out, "the time was up"},
                                   std::pair{ProcessEnd::unknown, "the process died"}}) {
    t.trace.end = end;
    const auto findings = analyze::find_outlived(t.trace, t.symbols, {});
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].evidence == Evidence::suspected);
    CHECK(findings[0].title == std::string("1 thread was still blocked (mutex) when ") + words);
  }
}

TEST_CASE("of a process that was cut short only what waited is told") {
  TraceBuilder t;
  t.add_thread();
  t.trace.end = ProcessEnd::killed;
  CHECK(analyze::find_outlived(t.trace, t.symbols, {}).empty());
  t.trace.end = ProcessEnd::underscore_exit;
  CHECK(analyze::find_outlived(t.trace, t.symbols, {}).size() == 1);
}

TEST_CASE("an unprepared process's core file says nothing about what outlived it") {
  TraceBuilder t;
  t.add_thread();
  t.waits(2, WaitKind::mutex, 0x5000);
  t.trace.end = ProcessEnd::killed;
  t.trace.prepared = false;
  CHECK(analyze::find_outlived(t.trace, t.symbols, {}).empty());
}

TEST_CASE("coroutines left at the end are grouped by function and creation stack") {
  TraceBuilder t;
  const StackIndex at = t.stack({"accept@4", "main@9"});
  for (int i = 0; i < 300; ++i) t.add_coroutine("session(int)", at);
  t.add_coroutine("tick()", at);
  const auto findings = analyze::find_outlived(t.trace, t.symbols, {});
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].count == 300);
  CHECK(findings[0].tasks.size() == 200);
  CHECK(findings[0].bytes_held == 300 * 96);
  CHECK(findings[0].title == "300 coroutines of session were still there when the process ended");
}

TEST_CASE("coroutines that await each other are one finding, of the last that is the program's") {
  TraceBuilder t;
  t.trace.functions = {"", "leaf()", "session()", "asio::detail::co_spawn_entry_point()"};
  for (const uint32_t function : {1, 2, 3, 2}) {
    Coroutine coroutine;
    coroutine.address = 0x1000 * (t.trace.coroutines.size() + 1);
    coroutine.size_bytes = 100;
    coroutine.function = function;
    coroutine.certainty = FrameCertainty::known;
    coroutine.state = TaskState::suspended;
    t.trace.coroutines.push_back(coroutine);
  }
  const auto awaits = [&](size_t above, size_t below) {
    t.trace.coroutines[above].awaits = t.trace.coroutines[below].address;
    t.trace.coroutines[below].awaited_by = t.trace.coroutines[above].address;
  };
  awaits(2, 1);
  awaits(1, 0);
  const auto findings = analyze::find_outlived(t.trace, t.symbols, {});
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].count == 2);
  CHECK(findings[0].bytes_held == 400);

  awaits(0, 2);  // a cycle
  CHECK(analyze::find_outlived(t.trace, t.symbols, {}).size() == 2);
}

TEST_CASE("a thread that ended with a lock is proved, and its waiters are named") {
  TraceBuilder t;
  t.add_thread(TaskState::ended);
  t.holds(2, 0x5000);
  t.symbols.objects[0x5000] = "registry_mutex";
  t.add_thread();
  t.waits(3, WaitKind::mutex, 0x5000);
  const auto findings = analyze::find_locks_held(t.trace, t.symbols);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].evidence == Evidence::proved);
  CHECK(findings[0].title == "1 thread ended holding a mutex: registry_mutex");
  CHECK(findings[0].because.at(1).find("thread 3 (tid 903) waits for it") == 0);
}

TEST_CASE("a lock word that is free, foreign or robust takes the finding back") {
  for (const auto& [owner, kind] : {std::pair{0, 0u}, std::pair{907, 0u}, std::pair{902, 16u}}) {
    TraceBuilder t;
    t.add_thread(TaskState::ended);
    t.holds(2, 0x5000);
    t.mutex_word(0x5000, owner, kind);
    CHECK(analyze::find_locks_held(t.trace, t.symbols).empty());
  }
}

TEST_CASE("a lock that somebody else holds now was handed over") {
  TraceBuilder t;
  t.add_thread(TaskState::ended);
  t.holds(2, 0x5000);
  t.add_thread();
  t.holds(3, 0x5000);
  CHECK(analyze::find_locks_held(t.trace, t.symbols).empty());
}

TEST_CASE("a lock that has fewer readers than the record names contradicts all of them") {
  for (const uint64_t readers : {1u, 2u}) {
    TraceBuilder t;
    t.add_thread(TaskState::ended);
    t.add_thread();
    t.holds(2, 0x5000, HeldSort::read);
    t.holds(3, 0x5000, HeldSort::read);
    t.trace.memory[0x5000] = readers << 3;
    CHECK(analyze::find_locks_held(t.trace, t.symbols).size() == readers - 1);
  }
}

TEST_CASE("locks of threads that still run are nobody's business") {
  TraceBuilder t;
  t.add_thread();
  t.holds(2, 0x5000);
  CHECK(analyze::find_locks_held(t.trace, t.symbols).empty());
}

TEST_CASE("fingerprints know functions, not ids, addresses or lines") {
  const auto fingerprint = [](const char* leaf, bool first) {
    TraceBuilder t;
    if (!first) t.stack({"something@1"});
    if (!first) t.add_thread(TaskState::ended).joined = true;
    t.add_thread(TaskState::ended).created_at = t.stack({leaf, "main@9"});
    return analyze::judge(t.trace, t.symbols, {}).at(0).fingerprint;
  };
  CHECK(fingerprint("start@4", true) == fingerprint("start@5", false));
  CHECK(fingerprint("start@4", true) != fingerprint("stop@4", true));
}

TEST_CASE("proved findings come first") {
  TraceBuilder t;
  t.add_thread();
  t.add_thread(TaskState::ended);
  const auto findings = analyze::judge(t.trace, t.symbols, {});
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].rule == Rule::unjoined_thread);
  CHECK(findings[1].rule == Rule::outlived_task);
}

TEST_CASE("a damaged recording proves nothing") {
  TraceBuilder t;
  t.add_thread(TaskState::ended);
  t.holds(2, 0x5000);
  t.trace.warnings.push_back("the threads section is cut short");
  CHECK(analyze::find_unjoined(t.trace, t.symbols).at(0).evidence == Evidence::suspected);
  CHECK(analyze::find_locks_held(t.trace, t.symbols).at(0).evidence == Evidence::suspected);
}

TEST_CASE("a wait in the C++ library's own words is stuck when everybody else waits too") {
  TraceBuilder t;
  t.add_thread();
  t.add_thread();
  t.waits(2, WaitKind::futex, 0x5000);
  t.symbols.objects[0x5000] = "in std::__detail::__waiter_pool_base::_S_for(void const*)::__w";
  t.holds(2, 0x6000);
  t.waits(3, WaitKind::mutex, 0x6000);
  SUBCASE("and who waits for such a thread is as well") {
    const auto findings = analyze::find_outlived(t.trace, t.symbols, {});
    REQUIRE(findings.size() == 2);
    for (const Finding& finding : findings) {
      CHECK(finding.rule == Rule::stuck_task);
      CHECK(finding.evidence == Evidence::suspected);
    }
  }
  SUBCASE("not while another thread runs") {
    t.add_thread();
    for (const Finding& finding : analyze::find_outlived(t.trace, t.symbols, {}))
      CHECK(finding.rule == Rule::outlived_task);
  }
}

namespace {

// Threads 2 to 4: from before the scope's end, of it but later, of an inner scope that is open.
TraceBuilder scoped() {
  TraceBuilder t;
  TaskScope outer{"request", 0, 1, 1, true, 900'000'000, 2'000'000'000, 0};
  TaskScope inner{"query", 1, 1, 0, false, 950'000'000, 0, 0};
  t.trace.scopes = {outer, inner};
  t.trace.label_sets = {{}, {{kScopeLabel, "request"}}, {{kScopeLabel, "query"}}};
  t.trace.label_scopes = {{1, 1}, {2, 2}};
  for (uint32_t i = 0; i < 4; ++i) t.add_thread();
  t.thread(2).labels = t.thread(3).labels = 1;
  t.thread(3).created_ns = 2'000'000'001;
  t.thread(4).labels = 2;
  return t;
}

}  // namespace

TEST_CASE("what outlived its scope is likely; what came later, or may yet end, is suspected") {
  TraceBuilder t = scoped();
  analyze::Explained explained;
  auto findings = analyze::find_outlived_scopes(t.trace, t.symbols, explained);
  REQUIRE(findings.size() == 2);
  CHECK(explained.threads == std::set<uint32_t>{2, 3, 4});
  // The open scope was opened in the one that ended.
  CHECK(findings[1].count == 2);
  CHECK(findings[1].evidence == Evidence::likely);
  CHECK(findings[1].rule == Rule::outlived_task);
  CHECK(findings[1].scope == "request");
  CHECK(findings[0].count == 1);
  CHECK(findings[0].tasks.at(0).id == 3);
  CHECK(findings[0].evidence == Evidence::suspected);
  t.trace.taken_ns = 2'400'000'000;
  explained = {};
  for (const Finding& finding : analyze::find_outlived_scopes(t.trace, t.symbols, explained))
    CHECK(finding.evidence == Evidence::suspected);
}

TEST_CASE("of a scope nobody is accused who is done, of an earlier scope, or told elsewhere") {
  TraceBuilder t = scoped();
  t.thread(2).state = TaskState::ended;
  t.thread(3).created_ns = 899'999'999;
  analyze::Explained explained;
  explained.threads = {4};
  CHECK(analyze::find_outlived_scopes(t.trace, t.symbols, explained).empty());
  t = scoped();
  t.trace.scopes[0].ended = false;
  explained = {};
  CHECK(analyze::find_outlived_scopes(t.trace, t.symbols, explained).empty());
  // A recording may say anything.
  t.trace.scopes[0].parent = 2;
  t.trace.label_scopes[1] = 77;
  CHECK(analyze::find_outlived_scopes(t.trace, t.symbols, explained).empty());
}
