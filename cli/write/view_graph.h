// Who waits for whom, as the viewer draws it and `track hang` tells it. Plain data.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/model/report.h"
#include "cli/write/hang.h"

namespace track::write {

struct ViewNode {
  std::string id;     // "t3", "c17", "o7f01..."
  std::string kind;   // thread, coroutine, fiber, object, group
  std::string label;  // what tells it from others
  std::string detail;
  uint64_t count = 1;  // how many it stands for
  std::string state;
  uint64_t task = 0;  // id; 0: none
  StackIndex stack = 0;
};

// From who waits to whom is waited for; numbers are of nodes.
struct ViewEdge {
  size_t from = 0, to = 0;
  std::string label;   // "mutex 0x55d0 (cache_mu)"
  std::string object;  // address
  uint64_t wait_ns = 0;
  bool certain = true;
};

struct ViewGraph {
  std::vector<ViewNode> nodes;
  std::vector<ViewEdge> edges;
  std::vector<std::vector<size_t>> cycles;
};

// `track hang --json` with "graph". graphs, sections: one for each process; graphs of several
// processes become one, their nodes' ids with the pid before them.
std::string view_waits(const Report& report, const std::vector<HangSection>& sections,
                       const std::vector<ViewGraph>& graphs);

}  // namespace track::write
