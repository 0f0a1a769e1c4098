// `track ps`: every task, one row each or grouped. Coroutines are grouped by function, state and
// creation stack when there are many: a million rows tell nobody anything.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "cli/model/report.h"
#include "cli/write/page.h"

namespace track::write {

enum class GroupBy { nothing, site, stack, state, label };

struct TaskFilter {
  GroupBy by = GroupBy::nothing;
  bool tree = false;
  uint64_t min_age_ns = 0;
  std::string state;  // a task state or a wait kind; empty = any
  std::string kind;   // "thread", "coroutine", "fiber"; empty = any
};

// One task, or several that are alike.
struct TaskRow {
  TaskKind kind = TaskKind::thread;
  uint64_t count = 1;
  uint64_t id = 0;  // of one of them, and the rest too
  uint64_t creator = 0;
  std::string name;
  std::string given_name;  // of a coroutine, as the program calls it
  int32_t tid = 0;
  bool main = false;
  std::string state;  // "running", "mutex", "sleep", "suspended", ...
  TaskState task_state = TaskState::unknown;
  Wait wait;
  WaitKind inner_kind = WaitKind::none;  // of the wait that lies within a told one
  uint64_t age_ns = 0;                   // the oldest one's
  uint64_t since_ns = 0;                 // how long in this state, the longest; 0 = unknown
  uint64_t bytes = 0;
  bool on_cpu = false;
  uint32_t thread = 0;  // a running fiber's or coroutine's
  Schedule schedule;    // of a thread
  StackIndex at = 0;
  uint32_t labels = 0, labels_now = 0;  // into Trace::label_sets
  StackIndex created_at = 0;
  FrameCertainty certainty = FrameCertainty::known;
  uint32_t function = 0;     // coroutines: into Trace::functions
  uint32_t await_point = 0;  // into Trace::await_points
  uint64_t awaited_by = 0;   // id of the coroutine that goes on when this one ends
  uint64_t awaits = 0;       // id of the coroutine that this one waits for
  bool awaited_by_weak = false;
  bool told = false;  // the program itself told of it, and how often it was resumed
  uint64_t resumes = 0;
  bool cycle = false;  // awaits itself, through others
};

// What analyses know of a process's tasks, by id, in words.
struct TaskNotes {
  std::unordered_map<uint64_t, std::string> waits_for;  // of threads: "thread 3, in a cycle"
  // "global `registry` -> ...": of coroutines, of fibers, and of what blocked threads wait on.
  std::unordered_map<uint64_t, std::string> kept_by, fiber_kept_by, object_kept_by;
  bool show_schedules = false;  // in text
};

// Who keeps the task, or what it waits on; null: not told.
const std::string* keeper(const TaskNotes& notes, const TaskRow& row);

std::vector<TaskRow> task_rows(const ProcessReport& process, const TaskFilter& filter);
std::string text_tasks(const std::vector<ProcessReport>& processes, const TaskFilter& filter,
                       const TextOptions& options, const std::vector<TaskNotes>& notes = {});
// notes: one for each process, or none at all.
std::string json_tasks(const std::vector<ProcessReport>& processes, const TaskFilter& filter,
                       const std::vector<TaskNotes>& notes = {});

}  // namespace track::write
