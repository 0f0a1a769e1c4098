#include "cli/write/task_scopes.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "cli/model/labels.h"
#include "cli/model/words.h"

namespace track::write {
namespace {

struct Inside {
  uint64_t threads = 0, coroutines = 0, fibers = 0;
};

// Of each scope, what was started in it or in one opened in it.
class Counts {
 public:
  explicit Counts(const Trace& trace) : trace_(trace), counts_(trace.scopes.size()) {
    for (const Thread& thread : trace.threads)
      if (thread.state != TaskState::ended)
        count(thread.labels, thread.created_ns, &Inside::threads);
    for (const Coroutine& coroutine : trace.coroutines)
      if (coroutine.certainty == FrameCertainty::known)
        count(coroutine.labels, coroutine.created_ns, &Inside::coroutines);
    for (const Fiber& fiber : trace.fibers) count(fiber.labels, fiber.created_ns, &Inside::fibers);
  }
  const Inside& of(size_t scope) const { return counts_[scope]; }

 private:
  void count(uint32_t labels, uint64_t created_ns, uint64_t Inside::*kind) {
    const auto innermost = trace_.label_scopes.find(labels);
    if (innermost == trace_.label_scopes.end()) return;
    uint32_t at = innermost->second;
    for (size_t steps = 0; at != 0 && at <= counts_.size() && steps < counts_.size(); ++steps) {
      // A task from before the scope has the labels of an earlier one.
      if (created_ns != 0 && created_ns < trace_.scopes[at - 1].opened_ns) return;
      ++(counts_[at - 1].*kind);
      at = trace_.scopes[at - 1].parent;
    }
  }

  const Trace& trace_;
  std::vector<Inside> counts_;
};

uint64_t since(const Trace& trace, uint64_t moment_ns) {
  return moment_ns == 0 || trace.taken_ns < moment_ns ? 0 : trace.taken_ns - moment_ns;
}

std::string inside_text(const Inside& inside) {
  std::string text;
  for (const auto& [count, what] :
       {std::pair(inside.threads, "thread"), std::pair(inside.coroutines, "coroutine"),
        std::pair(inside.fibers, "fiber")})
    if (count != 0) text += (text.empty() ? "" : ", ") + count_text(count, what);
  return text.empty() ? "no task" : text;
}

}  // namespace

Json scopes_json(const ProcessReport& process) {
  const Trace& trace = process.trace;
  const Counts counts(trace);
  Json all = Json::array();
  for (size_t i = 0; i < trace.scopes.size(); ++i) {
    const TaskScope& scope = trace.scopes[i];
    const Inside& inside = counts.of(i);
    Json& json =
        all.emplace_back(Json{{"name", scope.name},
                              {"ended", scope.ended},
                              {"age_ns", since(trace, scope.opened_ns)},
                              {"opened_by", scope.opener},
                              {"parent", scope.parent == 0 ? Json() : Json(scope.parent - 1)},
                              {"tasks",
                               {{"threads", inside.threads},
                                {"coroutines", inside.coroutines},
                                {"fibers", inside.fibers}}},
                              {"opened_at", stack_json(trace, process.symbols, scope.opened_at)}});
    json["since_end_ns"] = scope.ended ? Json(since(trace, scope.ended_ns)) : Json();
  }
  return all;
}

void print_scopes(Page& page, const ProcessReport& process) {
  const Trace& trace = process.trace;
  struct Line {
    uint64_t count = 0, oldest_ns = 0;
    Inside inside;
  };
  const Counts counts(trace);
  std::map<std::tuple<std::string, bool, StackIndex>, Line> lines;
  for (size_t i = 0; i < trace.scopes.size(); ++i) {
    const TaskScope& scope = trace.scopes[i];
    Line& line = lines[{scope.name, scope.ended, scope.opened_at}];
    ++line.count;
    line.oldest_ns =
        std::max(line.oldest_ns, since(trace, scope.ended ? scope.ended_ns : scope.opened_ns));
    line.inside.threads += counts.of(i).threads;
    line.inside.coroutines += counts.of(i).coroutines;
    line.inside.fibers += counts.of(i).fibers;
  }
  for (const auto& [key, line] : lines) {
    const auto& [name, ended, opened_at] = key;
    std::string text = line.count == 1 ? "scope" : grouped(line.count) + " scopes";
    text += " '" + (name.empty() ? "unnamed" : name) + "'";
    if (const std::string where = opened_text(trace, process.symbols, opened_at); !where.empty())
      text += ", opened in " + where + ",";
    text += std::string(line.count == 1 ? "" : ", the oldest") +
            (ended ? " ended " : " open for ") + duration_text(line.oldest_ns) +
            (ended ? " ago: " : ": ") + inside_text(line.inside) + (ended ? " left" : "");
    page.wrapped(text, 0, 2);
  }
}

}  // namespace track::write
