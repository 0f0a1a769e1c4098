#include "cli/process/image.h"

#include <errno.h>

#include <algorithm>
#include <cstring>

#include "cli/model/error.h"
#include "cli/process/live_image.h"
#include "cli/process/live_memory.h"
#include "cli/process/loaded_elf.h"
#include "cli/process/memory.h"
#include "cli/process/permission.h"
#include "cli/process/proc.h"

namespace track::process {

void sort_threads(ProcessImage& image) {
  std::stable_partition(image.threads.begin(), image.threads.end(),
                        [](const ImageThread& thread) { return thread.main; });
}

void name_process(pid_t pid, ProcessImage& image) {
  image.source = "pid " + std::to_string(pid);
  image.pid = pid;
  image.program = executable_path(pid);
  image.command_line = command_line(pid);
}

void describe_process(pid_t pid, ProcessImage& image) {
  name_process(pid, image);
  image.mappings = mappings(pid);
  image.memory = std::make_shared<LiveMemory>(pid);
  image.modules = loaded_modules(image.mappings, *image.memory);
}

void apply_system_call(const SystemCall& call, ImageThread& thread) {
  if (call.state != SystemCall::State::waiting) return;
  thread.in_system_call = call.number >= 0;
  thread.system_call = call.number;
  std::copy(std::begin(call.arguments), std::end(call.arguments), thread.arguments.begin());
  thread.registers[Registers::rip] = call.instruction_pointer;
  thread.registers[Registers::rsp] = call.stack_pointer;
  thread.has_registers = true;
}

ProcessImage look_at_process(pid_t pid) {
  require_readable(pid);
  ProcessImage image;
  describe_process(pid, image);
  const auto readable = std::find_if(image.mappings.begin(), image.mappings.end(),
                                     [](const Mapping& mapping) { return mapping.readable; });
  if (readable == image.mappings.end())
    throw Error("process " + std::to_string(pid) +
                " has no memory: it ended, or is a kernel thread");
  if (const int error = Memory(pid).probe(readable->start); error != 0)
    throw Error("the memory of process " + std::to_string(pid) + " (" + command_name(pid) +
                ") may not be read: " + why_not_traceable(pid, error));
  for (const pid_t tid : thread_ids(pid)) {
    ImageThread thread;
    thread.tid = tid;
    thread.main = tid == pid;
    const TaskStatus status = task_status(pid, tid);
    if (!status.alive) continue;
    thread.name = status.name;
    thread.switches = status.switches;
    thread.started_ns = start_time_ns(pid, tid);
    apply_system_call(system_call(pid, tid), thread);
    image.threads.push_back(std::move(thread));
  }
  if (image.threads.empty() && !exists(pid))
    throw Error("process " + std::to_string(pid) + " ended while it was looked at");
  sort_threads(image);
  return image;
}

}  // namespace track::process
