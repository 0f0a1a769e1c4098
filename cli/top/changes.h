// What changed between looks: how much processor time threads took, how many tasks more there are
// of each origin than at the first one.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "cli/serve/target.h"
#include "cli/write/tasks.h"

namespace track::top {

// What a group of tasks is told by at another look.
std::string group_key(const ProcessReport& process, const write::TaskRow& row, write::GroupBy by);

class Changes {
 public:
  void add(const serve::Look& look);

  // Of one processor, between the last two looks; negative: not known.
  double cpu_share(const Trace& trace, const write::TaskRow& row) const;
  // How many more than at the first look.
  int64_t growth(const ProcessReport& process, const write::TaskRow& row, write::GroupBy by) const;

 private:
  struct Ran {
    uint64_t cpu_ns = 0, taken_ns = 0;
  };
  using Task = std::pair<int32_t, uint64_t>;  // process and thread
  std::map<Task, Ran> before_, now_;
  std::map<std::pair<write::GroupBy, std::string>, uint64_t> first_;
  bool begun_ = false;
};

}  // namespace track::top
