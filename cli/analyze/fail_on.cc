#include "cli/analyze/fail_on.h"

#include <sstream>

#include "cli/model/error.h"

namespace track::analyze {
namespace {

void set_all(std::map<Rule, Evidence>& least, Evidence evidence) {
  for (int rule = 0; rule <= static_cast<int>(Rule::undefined_behavior); ++rule)
    least[static_cast<Rule>(rule)] = evidence;
}

}  // namespace

FailOn::FailOn() : default_(true) {
  set_all(least_, Evidence::likely);
  std::erase_if(least_, [](const auto& entry) { return is_of_memory(entry.first); });
}

FailOn::FailOn(const std::string& list) {
  std::istringstream items(list);
  for (std::string item; std::getline(items, item, ',');) {
    const size_t colon = item.find(':');
    const std::string name = item.substr(0, colon);
    Evidence evidence = Evidence::suspected;
    if (colon != std::string::npos) {
      const auto known = parse_evidence(item.substr(colon + 1));
      if (!known)
        throw Error("--fail-on: `" + item.substr(colon + 1) +
                    "` is no evidence; one of suspected, likely, proved");
      evidence = *known;
    }
    if (name == "none") continue;
    if (name == "all") {
      set_all(least_, evidence);
      continue;
    }
    const auto rule = parse_rule(name);
    if (!rule)
      throw Error("--fail-on: `" + name +
                  "` is no rule; one of deadlock, stuck-task, orphaned-coroutine, "
                  "unjoined-thread, outlived-task, growing-tasks, lock-held-at-exit, lock-order, "
                  "lock-across-await, pool-exhausted, leaked-memory, growing-memory, "
                  "data-race, memory-error, undefined-behavior, all, none");
    least_[*rule] = evidence;
  }
}

bool FailOn::fails(const Finding& finding) const {
  if (default_ && !finding.source.empty())
    return finding.suppressed_by.empty() && finding.evidence >= Evidence::likely;
  const auto least = least_.find(finding.rule);
  return finding.suppressed_by.empty() && least != least_.end() &&
         finding.evidence >= least->second;
}

}  // namespace track::analyze
