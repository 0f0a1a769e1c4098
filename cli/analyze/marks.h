// What the program itself says is meant to be: tasks that it marked as expected to live long
// (track_task_long_lived) are no findings of the rules that go by how long a task lives or how many
// there are. Whatever says that a task cannot go on, or lost something, is judged as before.
#pragma once

#include <string>
#include <vector>

#include "cli/model/finding.h"

namespace track::analyze {

inline constexpr const char* kMarkedByProgram = "the program: expected to live long";

// Marks Finding::suppressed_by. How many tasks that hid.
uint64_t apply_marks(std::vector<Finding>& findings, const Trace& trace);

}  // namespace track::analyze
