// One row of `track ps --json`, for who writes many of them in a form of its own.
#pragma once

#include "cli/write/json_parts.h"
#include "cli/write/tasks.h"

namespace track::write {

// All of it but its stacks, `at` and `created_at`.
Json task_row_json(const ProcessReport& process, const TaskRow& row, const TaskNotes& notes);

}  // namespace track::write
