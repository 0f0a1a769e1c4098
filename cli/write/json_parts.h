// Pieces that the JSON of reports and of task lists share.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/model/report.h"
#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track::write {

using Json = nlohmann::ordered_json;

Json stack_json(const Trace& trace, const Symbols& symbols, StackIndex stack);
// One element of an await chain; file null and line 0 when not known.
Json await_point_json(const Trace& trace, uint32_t function, uint32_t await_point);
Json labels_json(const Trace& trace, uint32_t labels);  // {"test":"Queue.Drains"}
Json lost_json(const std::map<std::string, uint64_t>& lost);
// {"threads":{"live","created"},"coroutines":{...},"fibers":{...}}
Json task_counts_json(const TaskCounts& counts);
Json task_counts_json(const Trace& trace);
// Text that may hold bytes that are no UTF-8.
std::string dump_json(const Json& json);

}  // namespace track::write
