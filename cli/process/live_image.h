// What look_at_process and stop_process share. Only for them.
#pragma once

#include "cli/model/process_image.h"
#include "cli/process/proc.h"

namespace track::process {

// Whose it is.
void name_process(pid_t pid, ProcessImage& image);
// That, and everything but threads.
void describe_process(pid_t pid, ProcessImage& image);
// Main first; the rest are in the order of their ids.
void sort_threads(ProcessImage& image);
void apply_system_call(const SystemCall& call, ImageThread& thread);

}  // namespace track::process
