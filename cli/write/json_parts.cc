#include "cli/write/json_parts.h"

#include <algorithm>

#include "cli/model/labels.h"
#include "cli/model/words.h"

namespace track::write {

Json stack_json(const Trace& trace, const Symbols& symbols, StackIndex stack) {
  Json frames = Json::array();
  for (const StackLine& line : stack_lines(trace, symbols, stack, Prune::tracker)) {
    Json frame{{"function", line.function},
               {"file", line.file},
               {"line", line.line},
               {"module", line.module}};
    if (line.function.empty()) frame["offset"] = hex_text(line.offset);
    frames.push_back(std::move(frame));
  }
  return frames;
}

Json await_point_json(const Trace& trace, uint32_t function, uint32_t await_point) {
  const auto text = [](const std::string& value) { return value.empty() ? Json() : Json(value); };
  const AwaitPoint point =
      await_point < trace.await_points.size() ? trace.await_points[await_point] : AwaitPoint{};
  return {{"function", function < trace.functions.size() ? trace.functions[function] : ""},
          {"file", text(point.file)},
          {"line", point.line},
          {"stage", await_stage_name(point.stage)},
          {"method", await_method_name(point.method)},
          {"exact", point.exact},
          {"promise_type", text(point.promise_type)},
          {"awaiter_type", text(point.awaiter_type)}};
}

Json labels_json(const Trace& trace, uint32_t labels) {
  Json json = Json::object();
  for (const Label& label : labels_at(trace, labels)) json[label.key] = label.value;
  return json;
}

Json lost_json(const std::map<std::string, uint64_t>& lost) {
  Json json = Json::object();
  for (const char* kind : {"events", "tasks", "coroutines", "stacks", "modules", "held", "waits",
                           "memory", "joins", "fibers", "blocks", "processes"}) {
    const auto known = lost.find(kind);
    json[kind] = known == lost.end() ? 0 : known->second;
  }
  for (const auto& [kind, count] : lost) json[kind] = count;  // which only some programs use
  return json;
}

Json task_counts_json(const TaskCounts& counts) {
  return {{"threads", {{"live", counts.threads}, {"created", counts.threads_created}}},
          {"coroutines", {{"live", counts.coroutines}, {"created", counts.coroutines_created}}},
          {"fibers", {{"live", counts.fibers}, {"created", counts.fibers_created}}}};
}

Json task_counts_json(const Trace& trace) {
  TaskCounts counts;
  counts.add(trace);
  return task_counts_json(counts);
}

std::string dump_json(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace track::write
