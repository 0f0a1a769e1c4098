// How many tasks of each origin there were at each of several looks at one process, and which
// origins the tasks of a finding have: by that, a finding leads to its curve.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/model/loaded.h"

namespace track::verbs {

class ViewGrowth {
 public:
  // Of the longest run of looks at one process among them.
  explicit ViewGrowth(const std::vector<Loaded>& processes);

  // Section growth.json; empty: there are no two looks at one process.
  std::string json() const;
  // The section leaks.json of the report that was made of these processes: its findings with
  // the groups that their tasks belong to ("growth") and how many tasks those had at each look
  // ("history").
  std::string told_in(const Report& report, const std::string& leaks_json) const;

 private:
  // Tasks of one kind that were created at one place.
  struct Group {
    std::string title, kind, created_at;  // the stack as JSON
    std::vector<uint64_t> counts, bytes;
    double per_hour = 0;
  };
  struct Look {
    std::string label;
    uint64_t taken_ms = 0, taken_ns = 0;
  };
  using Groups = std::map<std::string, Group>;  // by fingerprint
  using Task = std::pair<TaskKind, uint64_t>;

  void count(const ProcessReport& process, size_t look);
  double slope(const std::vector<uint64_t>& counts) const;

  std::vector<Look> looks_;
  int32_t pid_ = 0;
  Groups groups_;
  std::map<Task, const std::string*> of_task_;  // of the last look
};

}  // namespace track::verbs
