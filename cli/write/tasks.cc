#include "cli/write/tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "cli/model/labels.h"
#include "cli/model/told_waits.h"
#include "cli/model/words.h"
#include "cli/write/task_json.h"
#include "cli/write/task_places.h"
#include "cli/write/task_scopes.h"
#include "cli/write/text.h"

namespace track::write {
namespace {

std::string schedule_text(const Schedule& schedule) {
  const uint64_t runnable = schedule.cpu_ns + schedule.queue_ns;
  const double waited = runnable == 0 ? 0
                                      : 100.0 * static_cast<double>(schedule.queue_ns) /
                                            static_cast<double>(runnable);
  return fmt::format("on a CPU for {} in {}; ready, and waited for one, {} ({:.1f} %)",
                     duration_text(schedule.cpu_ns), count_text(schedule.slices, "slice"),
                     duration_text(schedule.queue_ns), waited);
}

// One column for "where", two lines a task: what it does, and where it came from.
class Table {
 public:
  Table(Page& page, const ProcessReport& process, const TaskNotes& notes)
      : page_(page), process_(process), notes_(notes), places_(process, notes) {}

  void heading(bool grouped) {
    page_.line(page_.ink(Ink::dim, grouped
                                       ? fmt::format("{:>9}  {:<15} {:<17} {:>9}  {}", "COUNT",
                                                     "NAME", "STATE", "OLDEST", "WHERE")
                                       : fmt::format("{:>4} {:>8}  {:<15} {:<17} {:>9}  {}", "ID",
                                                     "TID", "NAME", "STATE", "FOR", "WHERE")));
  }

  void print(const TaskRow& row, bool grouped, size_t depth) {
    const std::string name = row.kind != TaskKind::coroutine ? row.name
                             : row.given_name.empty()        ? "coroutine"
                                                             : row.given_name;
    const uint64_t time = grouped || row.since_ns == 0 ? row.age_ns : row.since_ns;
    const std::string when = time == 0 ? "-" : duration_text(time);
    const std::string state = fitted(row.state, 17);
    std::string line;
    if (grouped || row.count > 1)
      line = fmt::format("{:>9}{}  ", track::grouped(row.count), grouped ? "" : "x   ");
    else
      line = fmt::format("{:>4} {:>8}  ", row.id, row.tid == 0 ? "-" : std::to_string(row.tid));
    line += fmt::format("{:<15} {:<17} {:>9}  ", fitted(std::string(depth * 2, ' ') + name, 15),
                        state, when);
    // Beside the columns when there is room, else on a line of its own.
    const std::string place = places_.what(row);
    const bool fits = line.size() + place.size() <= page_.options().width;
    if (fits) line += place;
    while (!line.empty() && line.back() == ' ') line.pop_back();
    page_.line(line);
    if (!fits) page_.wrapped(place, kIndent, kIndent + 2);
    const std::string origin = places_.origin(row);
    if (!origin.empty()) {
      page_.wrapped("created in " + origin, kIndent, kIndent + 2, Ink::dim);
    }
    if (const std::string labels = labels_of(row); !labels.empty())
      page_.wrapped(labels, kIndent, kIndent + 2, Ink::dim);
    if (row.schedule.known && notes_.show_schedules && !grouped)
      page_.wrapped(schedule_text(row.schedule), kIndent, kIndent + 2, Ink::dim);
    if (const std::string* kept = keeper(notes_, row); kept != nullptr && !grouped)
      page_.wrapped((row.kind == TaskKind::thread ? row.state + " kept by " : "kept by ") + *kept,
                    kIndent, kIndent + 2, Ink::dim);
  }

  void stack(const TaskRow& row) {
    if (row.at != 0) {
      page_.line("           at");
      print_stack(page_, process_.trace, process_.symbols, row.at, 13);
    }
    if (row.created_at == 0) return;
    page_.line("           created at");
    print_stack(page_, process_.trace, process_.symbols, row.created_at, 13);
  }

 private:
  static constexpr size_t kIndent = 15;

  // Those it was created with, and where it has others since, those it has now.
  std::string labels_of(const TaskRow& row) const {
    const std::string then = labels_text(process_.trace, row.labels);
    const std::string now = labels_text(process_.trace, row.labels_now);
    if (then == now) return then.empty() ? then : "labels " + then;
    return (then.empty() ? "" : "labels " + then + "; ") +
           (now.empty() ? "none now" : "now " + now);
  }

  Page& page_;
  const ProcessReport& process_;
  const TaskNotes& notes_;
  TaskPlaces places_;
};

std::string heading_text(const ProcessReport& process) {
  const Trace& trace = process.trace;
  std::string command;
  for (const std::string& argument : trace.command_line)
    command += (command.empty() ? "" : " ") + argument;
  while (!command.empty() && command.back() == ' ') command.pop_back();  // setproctitle pads
  if (command.empty()) command = base_name(trace.program);
  uint64_t ended = 0;
  for (const Thread& thread : trace.threads) ended += thread.state == TaskState::ended;
  std::string text = fmt::format("process {} ({}): {}, {}", trace.pid, fitted(command, 60),
                                 count_text(live_threads(trace), "thread"),
                                 count_text(trace.coroutines.size(), "coroutine"));
  if (!trace.fibers.empty()) text += ", " + count_text(trace.fibers.size(), "fiber");
  if (ended != 0) text += ", " + count_text(ended, "ended thread") + " not joined";
  if (const std::string heap = heap_text(trace); !heap.empty()) text += ", " + heap;
  text += "; " + process_end_text(trace);
  if (!trace.recording) text += "; recording is off";
  return text;
}

// Every task after its creator, an awaited coroutine after the one that awaits it.
class Tree {
 public:
  explicit Tree(const std::vector<TaskRow>& rows) {
    for (const TaskRow& row : rows) {
      if (row.kind == TaskKind::thread) threads_[row.id] = &row;
      if (row.kind == TaskKind::coroutine) coroutines_[row.id] = &row;
    }
    std::vector<const TaskRow*> roots;
    for (const TaskRow& row : rows) {
      const TaskRow* above = parent(row);
      if (above == nullptr)
        roots.push_back(&row);
      else
        below_[above].push_back(&row);
    }
    for (const TaskRow* root : roots) walk(root);
    // Those that only a cycle leads to.
    for (const TaskRow& row : rows)
      if (seen_.count(&row) == 0) walk(&row);
  }
  const std::vector<std::pair<const TaskRow*, size_t>>& lines() const { return lines_; }

 private:
  using Rows = std::unordered_map<uint64_t, const TaskRow*>;
  static const TaskRow* find(const Rows& rows, uint64_t id) {
    const auto known = rows.find(id);
    return known == rows.end() ? nullptr : known->second;
  }

  const TaskRow* parent(const TaskRow& row) const {
    if (row.kind == TaskKind::coroutine && row.awaited_by != 0)
      if (const TaskRow* awaiter = find(coroutines_, row.awaited_by)) return awaiter;
    if (row.creator == 0 || (row.kind == TaskKind::thread && row.creator >= row.id)) return nullptr;
    return find(threads_, row.creator);
  }

  void walk(const TaskRow* root) {
    std::vector<std::pair<const TaskRow*, size_t>> todo = {{root, 0}};
    while (!todo.empty()) {
      const auto [row, depth] = todo.back();
      todo.pop_back();
      if (!seen_.insert(row).second) continue;
      lines_.emplace_back(row, depth);
      const auto& below = below_[row];
      for (auto child = below.rbegin(); child != below.rend(); ++child)
        todo.emplace_back(*child, depth + 1);
    }
  }

  Rows threads_, coroutines_;
  std::unordered_map<const TaskRow*, std::vector<const TaskRow*>> below_;
  std::unordered_set<const TaskRow*> seen_;
  std::vector<std::pair<const TaskRow*, size_t>> lines_;
};

void print_process(Page& page, const ProcessReport& process, const TaskFilter& filter,
                   const TaskNotes& notes) {
  page.wrapped(heading_text(process), 0, 2, Ink::bold);
  const std::vector<TaskRow> rows = task_rows(process, filter);
  Table table(page, process, notes);
  const bool grouped = filter.by != GroupBy::nothing;
  if (!rows.empty()) table.heading(grouped);
  if (filter.tree && !grouped) {
    const Tree tree(rows);
    for (const auto& [row, depth] : tree.lines()) table.print(*row, false, depth);
  } else {
    for (const TaskRow& row : rows) {
      table.print(row, grouped, 0);
      if (filter.by == GroupBy::stack) table.stack(row);
    }
  }
  print_scopes(page, process);
  const Trace& trace = process.trace;
  if (const std::string loss = loss_text(trace); !loss.empty())
    page.wrapped("lost: " + loss, 0, 2, Ink::yellow);
  for (const std::string& warning : trace.warnings)
    page.wrapped("damage: " + warning, 0, 2, Ink::yellow);
  for (const std::string& item : trace.not_visible)
    page.wrapped("not visible: " + item, 0, 2, Ink::dim);
}

}  // namespace

const std::string* keeper(const TaskNotes& notes, const TaskRow& row) {
  const auto& keepers = row.kind == TaskKind::coroutine ? notes.kept_by
                        : row.kind == TaskKind::fiber   ? notes.fiber_kept_by
                                                        : notes.object_kept_by;
  const auto known = keepers.find(row.id);
  return known == keepers.end() || known->second.empty() ? nullptr : &known->second;
}

Json task_row_json(const ProcessReport& process, const TaskRow& row, const TaskNotes& notes) {
  Json json{{"id", row.id},
            {"kind", task_kind_name(row.kind)},
            {"count", row.count},
            {"name", row.name},
            {"tid", row.tid},
            {"main", row.main},
            {"state", task_state_name(row.task_state)},
            {"age_ns", row.age_ns},
            {"since_ns", row.since_ns},
            {"creator", row.creator},
            {"bytes", row.bytes}};
  if (row.wait.kind != WaitKind::none) {
    const auto known = process.symbols.objects.find(row.wait.object);
    json["wait_object"] = {
        {"kind", wait_kind_name(row.wait.kind)},
        {"address", hex_text(row.wait.object)},
        {"symbol", known == process.symbols.objects.end() ? Json() : Json(known->second)},
        {"timed", row.wait.timed},
        {"owner_tid", row.wait.owner_tid}};
    if (is_told(row.wait.kind)) {
      const ToldObject* object = told_object(process.trace, row.wait.object);
      Json& json_object = json["wait_object"];
      json_object["told"] = true;
      json_object["owner"] = object == nullptr || object->owner == 0 ? Json() : Json(object->owner);
      json_object["last_woken_by"] =
          object == nullptr || object->waker == 0 ? Json() : Json(object->waker);
      const uint64_t owner = object == nullptr ? 0 : object->owner_frame;
      for (const Coroutine& coroutine : process.trace.coroutines)
        if (owner > ToldObject::kOverFrame && coroutine.address == owner)
          json_object["owner_coroutine"] = coroutine.id;
      if (row.inner_kind != WaitKind::none) json_object["inside"] = wait_kind_name(row.inner_kind);
    }
  }
  if (!row.given_name.empty()) json["given_name"] = row.given_name;
  if (row.kind == TaskKind::coroutine) {
    json["await"] = await_point_json(process.trace, row.function, row.await_point);
    json["awaits"] = row.awaits;
    json["awaited_by"] = row.awaited_by;
    json["await_cycle"] = row.cycle;
    json["told"] = row.told;
    if (row.told) json["resumes"] = row.resumes;
    if (row.thread != 0) json["thread"] = row.thread;
  }
  if (const auto known = notes.waits_for.find(row.id);
      row.kind == TaskKind::thread && known != notes.waits_for.end())
    json["waits_for"] = known->second;
  if (const std::string* kept = keeper(notes, row))
    json[row.kind == TaskKind::thread ? "wait_object_kept_by" : "kept_by"] = *kept;
  if (row.labels != 0) json["labels"] = labels_json(process.trace, row.labels);
  if (row.labels_now != row.labels) json["labels_now"] = labels_json(process.trace, row.labels_now);
  if (row.schedule.known)
    json["sched"] = {{"cpu_ns", row.schedule.cpu_ns},
                     {"queue_ns", row.schedule.queue_ns},
                     {"slices", row.schedule.slices}};
  return json;
}

std::string text_tasks(const std::vector<ProcessReport>& processes, const TaskFilter& filter,
                       const TextOptions& options, const std::vector<TaskNotes>& notes) {
  Page page(options);
  for (size_t i = 0; i < processes.size(); ++i) {
    if (i != 0) page.line();
    print_process(page, processes[i], filter, i < notes.size() ? notes[i] : TaskNotes());
  }
  return page.take();
}

std::string json_tasks(const std::vector<ProcessReport>& processes, const TaskFilter& filter,
                       const std::vector<TaskNotes>& notes) {
  Json all = Json::array();
  for (size_t i = 0; i < processes.size(); ++i) {
    const ProcessReport& process = processes[i];
    const TaskNotes own = i < notes.size() ? notes[i] : TaskNotes();
    const Trace& trace = process.trace;
    Json rows = Json::array();
    for (const TaskRow& row : task_rows(process, filter)) {
      Json& json = rows.emplace_back(task_row_json(process, row, own));
      json["at"] = stack_json(trace, process.symbols, row.at);
      json["created_at"] = stack_json(trace, process.symbols, row.created_at);
    }
    all.push_back({{"program", trace.program},
                   {"pid", trace.pid},
                   {"end", process_end_name(trace.end)},
                   {"complete", trace.complete()},
                   {"lost", lost_json(trace.lost)},
                   {"not_visible", trace.not_visible},
                   {"counts", task_counts_json(trace)},
                   {"scopes", scopes_json(process)},
                   {"tasks", std::move(rows)}});
  }
  return dump_json({{"schema_version", 1}, {"processes", std::move(all)}});
}

}  // namespace track::write
