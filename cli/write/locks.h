// `track locks`: what waiting cost, lock by lock, for people and machines.
#pragma once

#include <string>
#include <vector>

#include "cli/model/lock_cost.h"
#include "cli/model/report.h"
#include "cli/write/page.h"

namespace track::write {

// "mutex 0x55d0 (cache_mu)"
std::string lock_text(const ProcessReport& process, const LockCost& cost);
// All of one lock: what it cost, who has it, who waits, and the places of both.
void print_lock(Page& page, const ProcessReport& process, const LockCost& cost);

// One view for each process.
std::string text_locks(const std::vector<ProcessReport>& processes,
                       const std::vector<ContentionView>& views, size_t most_rows,
                       const TextOptions& options);
std::string json_locks(const std::vector<ProcessReport>& processes,
                       const std::vector<ContentionView>& views);

}  // namespace track::write
