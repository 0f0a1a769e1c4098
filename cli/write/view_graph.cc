#include "cli/write/view_graph.h"

#include "cli/write/json_parts.h"

namespace track::write {

std::string view_waits(const Report& report, const std::vector<HangSection>& sections,
                       const std::vector<ViewGraph>& graphs) {
  Json json = Json::parse(json_hang(report, sections));
  Json nodes = Json::array(), edges = Json::array(), cycles = Json::array();
  for (size_t i = 0; i < graphs.size(); ++i) {
    const ViewGraph& graph = graphs[i];
    const ProcessReport& process = report.processes[i];
    const std::string before = graphs.size() == 1 ? "" : std::to_string(process.trace.pid) + ".";
    const auto id = [&](size_t node) { return before + graph.nodes[node].id; };
    for (size_t n = 0; n < graph.nodes.size(); ++n) {
      const ViewNode& node = graph.nodes[n];
      nodes.push_back({{"id", id(n)},
                       {"kind", node.kind},
                       {"label", node.label},
                       {"detail", node.detail},
                       {"count", node.count},
                       {"state", node.state},
                       {"stack", stack_json(process.trace, process.symbols, node.stack)}});
      if (node.task != 0) nodes.back()["task"] = node.task;
    }
    for (const ViewEdge& edge : graph.edges)
      edges.push_back({{"from", id(edge.from)},
                       {"to", id(edge.to)},
                       {"label", edge.label},
                       {"object", edge.object},
                       {"wait_ns", edge.wait_ns},
                       {"certain", edge.certain}});
    for (const std::vector<size_t>& cycle : graph.cycles) {
      Json ids = Json::array();
      for (const size_t node : cycle) ids.push_back(id(node));
      cycles.push_back(std::move(ids));
    }
  }
  json["graph"] = {
      {"nodes", std::move(nodes)}, {"edges", std::move(edges)}, {"cycles", std::move(cycles)}};
  return dump_json(json);
}

}  // namespace track::write
