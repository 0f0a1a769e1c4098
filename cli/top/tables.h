// What was seen of a target as the three tables that are shown.
#pragma once

#include <memory>
#include <string>

#include "cli/serve/target.h"
#include "cli/top/changes.h"
#include "cli/top/table.h"
#include "cli/write/tasks.h"

namespace track::top {

using Looked = std::shared_ptr<const serve::Look>;

Table task_table(const Looked& look, write::GroupBy by, const Changes& changes);
Table wait_table(const Looked& look);
Table leak_table(const Looked& judged);

// "13 threads (1 on a CPU, 11 blocked), 2 coroutines; nothing lost"
std::string counts_line(const serve::Look& look);
// Those that are not suppressed.
size_t findings_of(const serve::Look& judged);

}  // namespace track::top
