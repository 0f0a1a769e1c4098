// What look_at_process and stop_process share. Only for them.
#pragma once

#include "cli/model/process_image.h"
#include "cli/process/proc.h"

namespace track::process {

// Everything but threads.
void describe_process(pid_t pid, ProcessImage& image);
void apply_system_call(const SystemCall& call, ImageThread& thread);

}  // namespace track::process
