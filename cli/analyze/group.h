// What the rules share: tasks that came from and stand at the same place are one finding.
#pragma once

#include <string>
#include <vector>

#include "cli/model/finding.h"
#include "cli/model/symbols.h"

namespace track::analyze {

inline constexpr size_t kMostTasks = 200;  // listed by a finding; its count says how many there are

void add_task(Finding& finding, const Trace& trace, const Thread& thread);
void add_task(Finding& finding, const Trace& trace, const Coroutine& coroutine);
void set_ages(Finding& finding);  // from the tasks listed

// The same for every run of a program: rule and function names, no ids, addresses or lines.
std::string fingerprint(const Finding& finding, const Trace& trace, const Symbols& symbols);

// "thread", plural by count, with the created-by function when one is known:
// "3 threads created in handle_requests".
std::string created_in(const Finding& finding, const Trace& trace, const Symbols& symbols);

}  // namespace track::analyze
