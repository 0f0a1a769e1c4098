// Stacks that arrive as names, out of a report or another tool's log, as stacks of a trace: every
// analysis and every writer takes them as its own then. Addresses are made up, one a line.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track {

class MadeStacks {
 public:
  MadeStacks(Trace& trace, Symbols& symbols);
  // Leaf first; of each line function, file, line, module and offset count. 0 when there is none.
  StackIndex add(const std::vector<StackLine>& lines);

 private:
  Trace& trace_;
  Symbols& symbols_;
  std::map<std::string, int32_t> modules_;  // by path
  uint64_t next_address_ = 1;
};

}  // namespace track
