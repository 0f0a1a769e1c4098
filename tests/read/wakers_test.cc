#include "cli/read/wakers.h"

#include <doctest/doctest.h>

using namespace track;

namespace {

constexpr uint32_t kAgain = 65536;  // so many tasks later the bits are the same

HistoryEvent event(HistoryKind kind, uint32_t task, uint64_t ns) {
  HistoryEvent result;
  result.kind = kind;
  result.task = task;
  result.ns = ns;
  return result;
}

// A wait of task 2 from 1000 to 2000, ended by a task with the low bits 7.
Trace waited(const std::vector<HistoryEvent>& others) {
  Trace trace;
  trace.history.events.push_back(event(HistoryKind::wait_ended, 2, 2000));
  trace.history.events.back().duration_ns = 1000;
  trace.history.events.back().waker = 7;
  trace.history.events.insert(trace.history.events.end(), others.begin(), others.end());
  return trace;
}

uint32_t waker(Trace trace, uint32_t next_task) {
  read::complete_wakers(trace, next_task);
  return trace.history.events.front().waker;
}

const HistoryEvent kStarted = event(HistoryKind::thread_started, 7, 500);

}  // namespace

TEST_CASE("while no bits were given twice they are the task, known or not") {
  CHECK(waker(waited({}), 8) == 7);
  CHECK(waker(waited({}), kAgain) == 7);
  CHECK(waker(waited({}), 7) == 0);  // nobody had them yet: damaged
}

TEST_CASE("of two that had the bits the one that lived during the wait is named") {
  const Trace late = waited({kStarted, event(HistoryKind::thread_started, 7 + kAgain, 2500)});
  CHECK(waker(late, 2 * kAgain) == 7);
  const Trace early = waited({event(HistoryKind::thread_ended, 7, 900),
                              event(HistoryKind::thread_started, 7 + kAgain, 950)});
  CHECK(waker(early, 2 * kAgain) == 7 + kAgain);
}

TEST_CASE("of two that both lived during the wait none is named") {
  const Trace both = waited({kStarted, event(HistoryKind::thread_ended, 7, 1500),
                             event(HistoryKind::thread_started, 7 + kAgain, 1600)});
  CHECK(waker(both, 2 * kAgain) == 0);
}

TEST_CASE("a thread that is in the table and in no event counts as well") {
  Trace trace = waited({kStarted});
  Thread thread;
  thread.id = 7 + kAgain;
  thread.created_ns = 100;
  trace.threads.push_back(thread);
  CHECK(waker(trace, 2 * kAgain) == 0);
  trace.threads.front().ended_ns = 999;
  CHECK(waker(trace, 2 * kAgain) == 7);
}

TEST_CASE("where the history has holes a task that left no trace may be meant: none is named") {
  Trace trace = waited({kStarted});
  CHECK(waker(trace, 2 * kAgain) == 7);
  trace.history.complete_since = 1001;
  CHECK(waker(trace, 2 * kAgain) == 0);
  trace.history.complete_since = 1000;
  CHECK(waker(trace, 2 * kAgain) == 7);
  trace.history.lost = 1;
  CHECK(waker(trace, 2 * kAgain) == 0);
  CHECK(waker(trace, 8) == 7);
}
