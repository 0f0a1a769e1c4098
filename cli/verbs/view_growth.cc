#include "cli/verbs/view_growth.h"

#include <algorithm>
#include <cstdio>
#include <tuple>

#include "cli/analyze/growth.h"
#include "cli/analyze/trend.h"
#include "cli/model/finding.h"
#include "cli/write/json_parts.h"

namespace track::verbs {
namespace {

using write::Json;

constexpr size_t kMostGroups = 1000;

// The longest run of looks at one process, oldest first.
std::vector<const ProcessReport*> looks_of(const std::vector<Loaded>& processes) {
  std::vector<const ProcessReport*> best;
  for (const Loaded& first : processes) {
    std::vector<const ProcessReport*> looks;
    for (const Loaded& other : processes)
      if (analyze::same_process(first.report.trace, other.report.trace))
        looks.push_back(&other.report);
    if (looks.size() > best.size()) best = std::move(looks);
  }
  std::stable_sort(best.begin(), best.end(), [](const ProcessReport* a, const ProcessReport* b) {
    return a->trace.taken_ns < b->trace.taken_ns;
  });
  return best;
}

// Where a task comes from, and where it is: what growth goes by where nobody knows the former.
struct Origin {
  TaskKind kind;
  StackIndex created_at, where;
  uint32_t function;
  bool ended;  // a thread that nobody joined
  auto operator<=>(const Origin&) const = default;
};

// As rule `growing-tasks` has it, so that its findings and the curves count the same tasks.
std::string origin_text(const ProcessReport& process, const Origin& origin) {
  const Trace& trace = process.trace;
  std::string text = std::string(task_kind_name(origin.kind)) + "\n";
  if (origin.ended) text += "ended\n";
  if (origin.function < trace.functions.size()) text += trace.functions[origin.function] + "\n";
  const StackIndex place = origin.created_at != 0 ? origin.created_at : origin.where;
  for (const StackLine& line : stack_lines(trace, process.symbols, place, Prune::site))
    text += line_text(line) + "\n";
  return text;
}

// FNV-1a: links have no room for whole stacks.
std::string short_id(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  char id[24];
  std::snprintf(id, sizeof id, "g%016llx", static_cast<unsigned long long>(hash));
  return id;
}

std::string title_of(const ProcessReport& process, const Origin& origin) {
  const char* ended = origin.ended ? ", ended and not joined" : "";
  const Trace& trace = process.trace;
  std::string title = std::string(task_kind_name(origin.kind)) + "s";
  if (origin.function != 0 && origin.function < trace.functions.size())
    title += " of " + short_function(trace.functions[origin.function]);
  if (const std::string made = where_text(trace, process.symbols, origin.created_at); !made.empty())
    return title + " created in " + made + ended;
  const std::string where = where_text(trace, process.symbols, origin.where);
  return where.empty() ? title + ended : title + " that are in " + where;
}

template <class Do>
void for_each_task(const Trace& trace, const Do& act) {
  for (const Thread& thread : trace.threads) {
    const StackIndex where = thread.wait.stack != 0 ? thread.wait.stack : thread.running_at;
    const bool ended = thread.state == TaskState::ended;
    act(thread.id, Origin{TaskKind::thread, thread.created_at, where, 0, ended}, uint64_t{0});
  }
  for (const Coroutine& coroutine : trace.coroutines)
    act(coroutine.id,
        Origin{TaskKind::coroutine, coroutine.created_at, 0, coroutine.function, false},
        coroutine.size_bytes);
  for (const Fiber& fiber : trace.fibers)
    act(fiber.id, Origin{TaskKind::fiber, fiber.created_at, fiber.suspended_at, 0, false},
        fiber.stack_high - fiber.stack_low);
}

}  // namespace

ViewGrowth::ViewGrowth(const std::vector<Loaded>& processes) {
  const std::vector<const ProcessReport*> looks = looks_of(processes);
  if (looks.size() < 2) return;
  pid_ = looks.front()->trace.pid;
  for (const ProcessReport* look : looks) {
    const Trace& trace = look->trace;
    looks_.push_back({trace.source,
                      (trace.start_realtime_ns + trace.taken_ns - trace.start_ns) / 1'000'000,
                      trace.taken_ns});
  }
  for (size_t i = 0; i < looks.size(); ++i) count(*looks[i], i);
  for (auto& [id, group] : groups_) group.per_hour = slope(group.counts);
}

void ViewGrowth::count(const ProcessReport& process, size_t look) {
  std::map<Origin, Groups::value_type*> known;
  const auto group_of = [&](const Origin& origin) -> Groups::value_type& {
    const auto [entry, fresh] = known.try_emplace(origin, nullptr);
    if (!fresh) return *entry->second;
    Groups::value_type& group = *groups_.try_emplace(short_id(origin_text(process, origin))).first;
    group.second.counts.resize(looks_.size());
    group.second.bytes.resize(looks_.size());
    // The last look is the one whose stacks have names in any case.
    group.second.title = title_of(process, origin);
    group.second.kind = task_kind_name(origin.kind);
    group.second.created_at =
        write::dump_json(write::stack_json(process.trace, process.symbols, origin.created_at));
    return *(entry->second = &group);
  };
  for_each_task(process.trace, [&](uint64_t id, const Origin& origin, uint64_t bytes) {
    auto& [fingerprint, group] = group_of(origin);
    ++group.counts[look];
    group.bytes[look] += bytes;
    if (look + 1 == looks_.size()) of_task_[{origin.kind, id}] = &fingerprint;
  });
}

double ViewGrowth::slope(const std::vector<uint64_t>& counts) const {
  std::vector<analyze::TrendPoint> points;
  for (size_t i = 0; i < looks_.size(); ++i) points.push_back({looks_[i].taken_ns, counts[i]});
  return analyze::growth_per_hour(points);
}

std::string ViewGrowth::json() const {
  if (looks_.empty()) return {};
  std::vector<const Groups::value_type*> order;
  for (const auto& group : groups_) order.push_back(&group);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return a->second.per_hour > b->second.per_hour;
  });
  if (order.size() > kMostGroups) order.resize(kMostGroups);
  Json dumps = Json::array(), list = Json::array();
  for (const Look& look : looks_)
    dumps.push_back({{"label", look.label}, {"taken_ms", look.taken_ms}});
  for (const auto* entry : order) {
    const Group& group = entry->second;
    list.push_back({{"fingerprint", entry->first},
                    {"title", group.title},
                    {"kind", group.kind},
                    {"created_at", Json::parse(group.created_at)},
                    {"counts", group.counts},
                    {"bytes", group.bytes},
                    {"per_hour", group.per_hour},
                    {"monotone", std::is_sorted(group.counts.begin(), group.counts.end())}});
  }
  return write::dump_json(Json{{"dumps", std::move(dumps)}, {"groups", std::move(list)}});
}

std::string ViewGrowth::told_in(const Report& report, const std::string& leaks_json) const {
  if (looks_.empty()) return leaks_json;
  Json leaks = Json::parse(leaks_json);
  size_t number = 0;
  for (const ProcessReport& process : report.processes)
    for (const Finding& finding : process.findings) {
      Json& told = leaks["findings"][number++];
      if (process.trace.pid != pid_ || process.trace.taken_ns != looks_.back().taken_ns) continue;
      std::map<std::string, size_t> tasks_in;
      for (const FindingTask& task : finding.tasks)
        if (const auto known = of_task_.find({task.kind, task.id}); known != of_task_.end())
          ++tasks_in[*known->second];
      if (tasks_in.empty()) continue;
      std::vector<std::pair<size_t, std::string>> most;
      for (const auto& [fingerprint, tasks] : tasks_in) most.emplace_back(tasks, fingerprint);
      std::stable_sort(most.begin(), most.end(),
                       [](const auto& a, const auto& b) { return a.first > b.first; });
      std::vector<uint64_t> history(looks_.size());
      for (const auto& [tasks, fingerprint] : most) {
        told["growth"].push_back(fingerprint);
        const std::vector<uint64_t>& counts = groups_.at(fingerprint).counts;
        for (size_t i = 0; i < history.size(); ++i) history[i] += counts[i];
      }
      told["history"] = history;
    }
  return write::dump_json(leaks);
}

}  // namespace track::verbs
