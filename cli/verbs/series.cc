#include "cli/verbs/series.h"

#include <algorithm>
#include <iterator>

#include "cli/analyze/growing_memory.h"
#include "cli/analyze/growing_waits.h"
#include "cli/analyze/growth.h"
#include "cli/model/words.h"

namespace track::verbs {
namespace {

uint64_t taken(const Loaded& loaded) {
  return loaded.report.trace.taken_ns;
}

}  // namespace

std::string Series::note() const {
  if (earlier.empty()) return {};
  return count_text(earlier.size() + 1, "look") + " at process " +
         std::to_string(last.report.trace.pid) + " within " +
         duration_text(taken(last) - taken(earlier.front())) +
         ": growth is judged by all of them, everything else by the last";
}

std::vector<Series> into_series(std::vector<Loaded> processes) {
  std::vector<std::vector<Loaded>> groups;
  for (Loaded& loaded : processes) {
    const auto known = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
      return analyze::same_process(group.front().report.trace, loaded.report.trace);
    });
    if (known == groups.end())
      groups.emplace_back().push_back(std::move(loaded));
    else
      known->push_back(std::move(loaded));
  }
  std::vector<Series> result;
  for (std::vector<Loaded>& group : groups) {
    std::stable_sort(group.begin(), group.end(),
                     [](const Loaded& a, const Loaded& b) { return taken(a) < taken(b); });
    // The same dump given twice is one look.
    group.erase(std::unique(group.begin(), group.end(),
                            [](const Loaded& a, const Loaded& b) { return taken(a) == taken(b); }),
                group.end());
    Series& series = result.emplace_back();
    series.last = std::move(group.back());
    group.pop_back();
    series.earlier = std::move(group);
  }
  return result;
}

std::vector<Finding> find_growth(const Series& series) {
  std::vector<const ProcessReport*> looks;
  for (const Loaded& loaded : series.earlier) looks.push_back(&loaded.report);
  looks.push_back(&series.last.report);
  std::vector<Finding> findings = analyze::find_growth(looks);
  std::vector<Finding> memory = analyze::find_growing_memory(looks);
  std::move(memory.begin(), memory.end(), std::back_inserter(findings));
  std::vector<Finding> waits = analyze::find_growing_waits(looks);
  std::move(waits.begin(), waits.end(), std::back_inserter(findings));
  return findings;
}

}  // namespace track::verbs
