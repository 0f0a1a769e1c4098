#include "cli/process/untracked.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "cli/model/symbols.h"
#include "cli/process/proc.h"
#include "cli/process/stacks.h"
#include "cli/process/system_calls.h"
#include "cli/process/unwind.h"
#include "libtrack/wire/recording.h"

namespace track::process {
namespace {

// Not libc's word, which is another below libfaketime.
uint64_t now_ns() {
  timespec now{};
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

// False: nothing is known of what it does right now.
bool look_at(const ProcessImage& image, ImageThread& thread, Unwinder& unwinder, Stack& stack) {
  if (thread.registers.whole) {
    stack = unwinder.unwind(thread.registers, !thread.in_system_call);
    return true;
  }
  return !image.core && thread.has_registers && read_sleeping(image.pid, thread, unwinder, stack);
}

Thread thread_of(const ImageThread& from, const std::string& inherited_name) {
  Thread thread;
  thread.id = from.main ? 1 : static_cast<uint32_t>(from.tid);
  thread.tid = from.tid;
  thread.main = from.main;
  thread.adopted = true;
  thread.held_complete = false;
  thread.pthread = from.fs_base;
  thread.created_ns = thread.started_ns = from.started_ns;
  if (from.name != inherited_name) thread.name = from.name;
  thread.state = TaskState::running;
  return thread;
}

void add_thread(Trace& trace, const ProcessImage& image, ImageThread& from, Unwinder& unwinder,
                const std::string& inherited_name) {
  Thread thread = thread_of(from, inherited_name);
  Stack stack;
  if (from.exited) {
    thread.state = TaskState::ended;
  } else if (look_at(image, from, unwinder, stack)) {
    thread.running_at = static_cast<StackIndex>(trace.stacks.size());
    trace.stacks.push_back(std::move(stack));
    thread.wait = wait_of(from);
    thread.kernel = from.in_system_call ? KernelView::waiting : KernelView::unknown;
    thread.system_call = from.in_system_call ? static_cast<uint32_t>(from.system_call) : 0;
  } else {
    thread.kernel = image.core ? KernelView::unknown : KernelView::running;
  }
  if (thread.wait.kind != WaitKind::none) {
    thread.state = TaskState::blocked;
    thread.wait.stack = thread.running_at;
    thread.wait.stack_pointer = from.registers[Registers::rsp];
  }
  // A thread that did not run in between still sits in the same wait.
  thread.wait.sequence = static_cast<uint32_t>(from.switches);
  trace.threads.push_back(std::move(thread));
}

// A core lacks the recording: the library says itself which memory is the tracker's.
TrackerPlace find_tracker(const ProcessImage& image) {
  TrackerPlace place;
  for (const Module& module : image.modules) {
    if (base_name(module.path).compare(0, 8, "libtrack") != 0) continue;
    for (const Mapping& mapping : image.mappings) {
      if (!mapping.writable || mapping.start < module.start || mapping.start >= module.end)
        continue;
      std::vector<std::byte> bytes(mapping.end - mapping.start);
      bytes.resize(image.read_some(mapping.start, bytes.data(), bytes.size()));
      for (size_t at = 0; at + sizeof(wire::Beacon) <= bytes.size(); at += 8) {
        wire::Beacon beacon;
        std::memcpy(&beacon, bytes.data() + at, sizeof beacon);
        if (std::memcmp(beacon.magic, wire::kBeaconMagic, sizeof beacon.magic) != 0) continue;
        place = {module.start, module.end, beacon.mapped_at, beacon.mapped_bytes, beacon.arenas};
      }
    }
  }
  return place;
}

}  // namespace

Trace trace_of(ProcessImage& image) {
  Trace trace;
  trace.source = image.source;
  trace.program = image.program;
  trace.command_line = image.command_line;
  trace.pid = image.pid;
  trace.prepared = false;
  trace.gone = image.core;
  // A core taken by gcore has no signal: the process went on.
  trace.end = image.signal != 0 ? ProcessEnd::killed : ProcessEnd::alive;
  trace.signal = image.signal;
  trace.taken_ns = image.core ? 0 : now_ns();
  trace.pause_ns = image.pause_ns;
  trace.pause_for = image.pause_for;
  trace.modules = image.modules;
  trace.tracker = find_tracker(image);
  trace.stacks.emplace_back();
  trace.functions.emplace_back();
  trace.memory_read = true;
  Unwinder unwinder(image);
  const std::string inherited = image.threads.empty() ? "" : image.threads.front().name;
  for (ImageThread& thread : image.threads) add_thread(trace, image, thread, unwinder, inherited);
  trace.threads_created = trace.threads.size();
  trace.not_visible = image.missing;
  if (!image.threads.empty()) trace.start_ns = image.threads.front().started_ns;
  trace.not_visible.push_back(image.core
                                  ? "creation stacks and ages: a core file has none"
                                  : "creation stacks, since when threads wait, and coroutines' "
                                    "ages: the process runs without libtrack.so");
  return trace;
}

}  // namespace track::process
