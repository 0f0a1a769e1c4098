// Pieces that the JSON of reports and of task lists share.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track::write {

using Json = nlohmann::ordered_json;

Json stack_json(const Trace& trace, const Symbols& symbols, StackIndex stack);
Json lost_json(const std::map<std::string, uint64_t>& lost);
// {"threads":{"live","created"},"coroutines":{...},"fibers":{...}}
Json task_counts_json(uint64_t threads_live, uint64_t threads_created, uint64_t coroutines_live,
                      uint64_t coroutines_created);
uint64_t live_threads(const Trace& trace);
// Text that may hold bytes that are no UTF-8.
std::string dump_json(const Json& json);

}  // namespace track::write
