#include "cli/model/finding.h"

#include <array>

#include "cli/model/words.h"

namespace track {
namespace {

constexpr std::array<const char*, 15> kRules = {
    "deadlock",          "stuck-task",     "orphaned-coroutine", "unjoined-thread",
    "outlived-task",     "growing-tasks",  "lock-held-at-exit",  "lock-order",
    "lock-across-await", "pool-exhausted", "leaked-memory",      "growing-memory",
    "data-race",         "memory-error",   "undefined-behavior"};
constexpr std::array<const char*, 3> kEvidence = {"suspected", "likely", "proved"};

}  // namespace

bool is_shown(const Finding& finding) {
  return finding.suppressed_by.empty() && finding.baseline != BaselineState::known;
}

const char* baseline_state_name(BaselineState state) {
  switch (state) {
    case BaselineState::none:
      return "";
    case BaselineState::known:
      return "known";
    case BaselineState::grown:
      return "grown";
    case BaselineState::fresh:
      return "new";
  }
  return "";
}

bool is_of_memory(Rule rule) {
  return rule == Rule::leaked_memory || rule == Rule::growing_memory;
}

const char* blocked_label(const Finding& finding) {
  return finding.source.empty() ? "blocked at" : "at";
}

const char* created_label(const Finding& finding) {
  if (is_of_memory(finding.rule) || finding.rule == Rule::memory_error) return "allocated at";
  const bool two_places = finding.rule == Rule::data_race || finding.rule == Rule::lock_order;
  return two_places && !finding.source.empty() ? "and at" : "created at";
}

const char* rule_name(Rule rule) {
  const auto index = static_cast<size_t>(rule);
  return index < kRules.size() ? kRules[index] : "unknown";
}

const char* evidence_name(Evidence evidence) {
  const auto index = static_cast<size_t>(evidence);
  return index < kEvidence.size() ? kEvidence[index] : "unknown";
}

std::optional<Rule> parse_rule(std::string_view name) {
  for (size_t i = 0; i < kRules.size(); ++i)
    if (name == kRules[i]) return static_cast<Rule>(i);
  return std::nullopt;
}

std::optional<Evidence> parse_evidence(std::string_view name) {
  for (size_t i = 0; i < kEvidence.size(); ++i)
    if (name == kEvidence[i]) return static_cast<Evidence>(i);
  return std::nullopt;
}

const char* wait_kind_name(WaitKind kind) {
  switch (kind) {
    case WaitKind::none:
      return "";
    case WaitKind::mutex:
      return "mutex";
    case WaitKind::rwlock_read:
      return "rwlock (read)";
    case WaitKind::rwlock_write:
      return "rwlock (write)";
    case WaitKind::spinlock:
      return "spinlock";
    case WaitKind::condition:
      return "condition";
    case WaitKind::semaphore:
      return "semaphore";
    case WaitKind::barrier:
      return "barrier";
    case WaitKind::join:
      return "join";
    case WaitKind::once:
      return "once";
    case WaitKind::futex:
      return "futex";
    case WaitKind::sleep:
      return "sleep";
    case WaitKind::poll:
      return "poll";
    case WaitKind::epoll:
      return "epoll";
    case WaitKind::select:
      return "select";
    case WaitKind::read:
      return "read";
    case WaitKind::write:
      return "write";
    case WaitKind::accept:
      return "accept";
    case WaitKind::connect:
      return "connect";
    case WaitKind::signal:
      return "signal";
    case WaitKind::process:
      return "process";
    case WaitKind::file_lock:
      return "file lock";
    case WaitKind::message:
      return "message";
    case WaitKind::told_lock:
      return "lock";
    case WaitKind::told_queue:
      return "queue";
    case WaitKind::told_channel:
      return "channel";
    case WaitKind::told_future:
      return "future";
    case WaitKind::told_event:
      return "event";
    case WaitKind::told_pool:
      return "pool";
    case WaitKind::told_other:
      return "object";
  }
  return "unknown";
}

const char* task_state_name(TaskState state) {
  switch (state) {
    case TaskState::created:
      return "created";
    case TaskState::running:
      return "running";
    case TaskState::blocked:
      return "blocked";
    case TaskState::ended:
      return "ended";
    case TaskState::suspended:
      return "suspended";
    case TaskState::done:
      return "done";
    case TaskState::unknown:
      break;
  }
  return "unknown";
}

const char* task_kind_name(TaskKind kind) {
  switch (kind) {
    case TaskKind::thread:
      return "thread";
    case TaskKind::coroutine:
      return "coroutine";
    case TaskKind::fiber:
      return "fiber";
  }
  return "unknown";
}

const char* process_end_name(ProcessEnd end) {
  switch (end) {
    case ProcessEnd::alive:
      return "running";
    case ProcessEnd::main_returned:
      return "main returned";
    case ProcessEnd::exit_called:
      return "exit was called";
    case ProcessEnd::quick_exit:
      return "quick_exit was called";
    case ProcessEnd::underscore_exit:
      return "_exit was called";
    case ProcessEnd::aborted:
      return "abort was called";
    case ProcessEnd::killed:
      return "killed by a signal";
    case ProcessEnd::timed_out:
      return "the time was up";
    case ProcessEnd::unseen:
      return "exited unseen";
    case ProcessEnd::unknown:
      break;
  }
  return "ended without a word";
}

std::string process_end_text(const Trace& trace) {
  return trace.end == ProcessEnd::killed && trace.signal != 0
             ? "killed by " + signal_text(trace.signal)
             : process_end_name(trace.end);
}

}  // namespace track
