// One result of an analysis. Plain data; every writer prints the same fields.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/model/trace.h"

namespace track {

enum class Rule : uint8_t {
  deadlock,
  stuck_task,
  orphaned_coroutine,
  unjoined_thread,
  outlived_task,
  growing_tasks,
  lock_held_at_exit,
  lock_order,
  lock_across_await,
  pool_exhausted,
  leaked_memory,
  growing_memory,
  data_race,  // this one and those below: by sanitizers only (--merge-sanitizer)
  memory_error,
  undefined_behavior,
};

// Ordered: a higher value is stronger.
enum class Evidence : uint8_t { suspected = 0, likely = 1, proved = 2 };

// How a finding stands to a baseline (analyze/baseline.h).
enum class BaselineState : uint8_t { none, known, grown, fresh };

struct WaitObject {
  std::string kind;  // "mutex", "rwlock", "join", ...
  uint64_t address = 0;
  std::string symbol;  // global's name, if it is one
  std::string owner;   // "thread 3 (worker-1)", empty = none or unknown
};

// One suspended coroutine of an asynchronous stack.
struct AwaitFrame {
  uint64_t task = 0;         // id
  uint32_t function = 0;     // into Trace::functions
  uint32_t await_point = 0;  // into Trace::await_points
  bool weak = false;         // that the next one awaits it is likely, not sure
  bool self = false;         // the finding's own task
};

struct FindingTask {
  TaskKind kind = TaskKind::thread;
  uint64_t id = 0;
  std::string name;        // of a coroutine its function
  std::string given_name;  // of a coroutine, as the program calls it
  int32_t tid = 0;
  bool main = false;
  TaskState state = TaskState::unknown;
  uint64_t age_ns = 0;
  uint32_t labels = 0;        // it was created with
  StackIndex created_at = 0;  // of threads
  StackIndex blocked_at = 0;
};

struct Finding {
  Rule rule = Rule::outlived_task;
  Evidence evidence = Evidence::suspected;
  uint64_t count = 1;                // tasks in the group
  std::string title;                 // one line
  std::string source;                // the tool that found it; empty: we did
  std::vector<std::string> because;  // the chain of reasons, a reader can check each
  StackIndex created_at = 0;         // the group's common creation stack
  StackIndex blocked_at = 0;
  std::vector<AwaitFrame> await_chain;  // of one coroutine of the group, leaf first
  bool await_cycle = false;             // the last of the chain is awaited by one of it
  WaitObject wait_object;               // kind empty: none
  std::vector<FindingTask> tasks;       // at most a few hundred; count says how many there are
  uint64_t age_min_ns = 0, age_median_ns = 0, age_max_ns = 0;
  uint64_t bytes_held = 0;
  std::vector<std::string> kept_by;  // who still refers to one of the tasks: the root first
  bool failing = false;              // at or above --fail-on, and not suppressed
  std::string fingerprint;           // filled after symbolization: no ids, addresses, lines
  std::string suppressed_by;         // the pattern, empty = not suppressed
  BaselineState baseline = BaselineState::none;
  uint64_t allowed = 0;  // tasks of its fingerprint, by the baseline
  std::string test;      // test that created it, several apart by ", "; empty = not known
  std::string scope;     // whose end the tasks outlived; empty = not about one
  std::string pool;      // that is exhausted, where the program declares it; else empty
};

// Neither suppressed nor known to the baseline.
bool is_shown(const Finding& finding);
bool is_of_memory(Rule rule);  // about blocks of the heap, not about tasks
// What its two stacks are called: "blocked at", "created at".
const char* blocked_label(const Finding& finding);
const char* created_label(const Finding& finding);
const char* rule_name(Rule rule);  // "outlived-task"
const char* evidence_name(Evidence evidence);
const char* baseline_state_name(BaselineState state);  // "known", "grown", "new"; "" = none
const char* wait_kind_name(WaitKind kind);             // "mutex", "rwlock (write)", ...
const char* task_state_name(TaskState state);
const char* task_kind_name(TaskKind kind);
const char* process_end_name(ProcessEnd end);      // "main returned", "running", ...
std::string process_end_text(const Trace& trace);  // "killed by SIGABRT"
std::optional<Rule> parse_rule(std::string_view name);
std::optional<Evidence> parse_evidence(std::string_view name);

}  // namespace track
