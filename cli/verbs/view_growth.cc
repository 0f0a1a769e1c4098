#include "cli/verbs/view_growth.h"

#include <algorithm>
#include <map>

#include "cli/analyze/group.h"
#include "cli/analyze/growth.h"
#include "cli/model/finding.h"
#include "cli/write/json_parts.h"
#include "cli/write/tasks.h"

namespace track::verbs {
namespace {

using write::Json;

constexpr size_t kMostGroups = 1000;
constexpr double kHourNs = 3600e9;

// Tasks of one kind that were created at one place.
struct Group {
  std::string title, kind;
  Json created_at;
  std::vector<uint64_t> counts, bytes;
};

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

std::string origin(const ProcessReport& process, const write::TaskRow& row) {
  std::string text = task_kind_name(row.kind);
  if (row.function != 0 && row.function < process.trace.functions.size())
    text += "|" + process.trace.functions[row.function];
  for (const StackLine& line :
       stack_lines(process.trace, process.symbols, row.created_at, Prune::plumbing))
    text += "|" + (line.function.empty() ? line.module : line.function);
  return text;
}

std::string title_of(const ProcessReport& process, const write::TaskRow& row) {
  std::string title = std::string(task_kind_name(row.kind)) + "s";
  if (row.function != 0 && row.function < process.trace.functions.size())
    title += " of " + short_function(process.trace.functions[row.function]);
  const std::string where = where_text(process.trace, process.symbols, row.created_at);
  return where.empty() ? title : title + " created in " + where;
}

// Least squares: tasks an hour.
double slope(const std::vector<const ProcessReport*>& looks, const std::vector<uint64_t>& counts) {
  const auto n = static_cast<double>(looks.size());
  double t_sum = 0, c_sum = 0, tt = 0, tc = 0;
  for (size_t i = 0; i < looks.size(); ++i) {
    const double t =
        static_cast<double>(looks[i]->trace.taken_ns - looks[0]->trace.taken_ns) / kHourNs;
    const auto c = static_cast<double>(counts[i]);
    t_sum += t, c_sum += c, tt += t * t, tc += t * c;
  }
  const double spread = n * tt - t_sum * t_sum;
  return spread <= 0 ? 0 : (n * tc - t_sum * c_sum) / spread;
}

}  // namespace

std::string growth_json(const std::vector<Loaded>& processes) {
  const std::vector<const ProcessReport*> looks = looks_of(processes);
  if (looks.size() < 2) return {};
  std::map<std::string, Group> groups;
  write::TaskFilter by_site;
  by_site.by = write::GroupBy::site;
  for (size_t i = 0; i < looks.size(); ++i)
    for (const write::TaskRow& row : write::task_rows(*looks[i], by_site)) {
      Group& group = groups[origin(*looks[i], row)];
      group.counts.resize(looks.size());
      group.bytes.resize(looks.size());
      group.counts[i] += row.count;
      group.bytes[i] += row.bytes;
      // The last look is the one whose stacks have names in any case.
      group.title = title_of(*looks[i], row);
      group.kind = task_kind_name(row.kind);
      group.created_at = write::stack_json(looks[i]->trace, looks[i]->symbols, row.created_at);
    }
  std::vector<std::pair<double, std::pair<const std::string*, const Group*>>> order;
  for (const auto& [key, group] : groups)
    order.push_back({slope(looks, group.counts), {&key, &group}});
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  if (order.size() > kMostGroups) order.resize(kMostGroups);
  Json dumps = Json::array(), list = Json::array();
  for (const ProcessReport* look : looks) {
    const Trace& trace = look->trace;
    dumps.push_back(
        {{"label", trace.source},
         {"taken_ms", (trace.start_realtime_ns + trace.taken_ns - trace.start_ns) / 1'000'000}});
  }
  for (const auto& [per_hour, entry] : order) {
    const Group& group = *entry.second;
    list.push_back({{"fingerprint", *entry.first},
                    {"title", group.title},
                    {"kind", group.kind},
                    {"created_at", group.created_at},
                    {"counts", group.counts},
                    {"bytes", group.bytes},
                    {"per_hour", per_hour},
                    {"monotone", std::is_sorted(group.counts.begin(), group.counts.end())}});
  }
  return write::dump_json(Json{{"dumps", std::move(dumps)}, {"groups", std::move(list)}});
}

}  // namespace track::verbs
