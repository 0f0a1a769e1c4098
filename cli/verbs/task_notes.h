// What analyses know of a process's tasks beyond their rows: whom each waits for, who keeps it.
#pragma once

#include "cli/model/loaded.h"
#include "cli/write/tasks.h"

namespace track::verbs {

write::TaskNotes task_notes(const Loaded& loaded);

}  // namespace track::verbs
