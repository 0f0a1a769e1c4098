// An edge of the wait-for graph in words that a reader can check.
#pragma once

#include <string>

#include "cli/analyze/wait_graph.h"
#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track::analyze {

class EdgeTeller {
 public:
  EdgeTeller(const Trace& trace, const Symbols& symbols) : trace_(trace), symbols_(symbols) {}
  std::string object(const Wait& wait) const;
  // "thread 3 (x, tid 9) waits for mutex 0x.. (name), held by thread 2 (..), since 3 s, in f
  // a.cc:7"
  std::string tell(const WaitEdge& edge) const;

 private:
  const Trace& trace_;
  const Symbols& symbols_;
};

}  // namespace track::analyze
