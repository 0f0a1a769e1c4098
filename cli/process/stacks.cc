#include "cli/process/stacks.h"

#include <algorithm>

#include "cli/model/error.h"
#include "cli/model/told_waits.h"
#include "cli/process/live_image.h"
#include "cli/process/proc.h"
#include "cli/process/system_calls.h"

namespace track::process {
namespace {

constexpr int kAttempts = 3;

bool same(const SystemCall& a, const SystemCall& b) {
  return a.state == b.state && a.number == b.number && a.stack_pointer == b.stack_pointer &&
         a.instruction_pointer == b.instruction_pointer &&
         std::equal(std::begin(a.arguments), std::end(a.arguments), std::begin(b.arguments));
}

bool unpublished(const Thread& thread) {
  return thread.tid != 0 && thread.state == TaskState::running &&
         thread.kernel == KernelView::waiting;
}

}  // namespace

bool read_sleeping(pid_t pid, ImageThread& thread, Unwinder& unwinder, Stack& stack) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const TaskStatus before = task_status(pid, thread.tid);
    const SystemCall call = system_call(pid, thread.tid);
    if (!before.alive || call.state == SystemCall::State::gone) return false;
    if (call.state != SystemCall::State::waiting) continue;
    apply_system_call(call, thread);
    stack = unwinder.unwind(thread.registers, !thread.in_system_call);
    const TaskStatus after = task_status(pid, thread.tid);
    if (after.switches != before.switches || !same(call, system_call(pid, thread.tid))) continue;
    thread.switches = after.switches;
    return true;
  }
  return false;
}

ProcessImage observe_unpublished(Trace& trace) {
  ProcessImage image;
  if (std::none_of(trace.threads.begin(), trace.threads.end(), unpublished)) return image;
  describe_process(trace.pid, image);
  if (image.modules.empty()) return image;
  Unwinder unwinder(image);
  for (Thread& thread : trace.threads) {
    if (!unpublished(thread)) continue;
    ImageThread seen;
    seen.tid = thread.outer_tid != 0 ? thread.outer_tid : thread.tid;
    Stack stack;
    if (!read_sleeping(trace.pid, seen, unwinder, stack)) {
      thread.kernel = KernelView::running;
      continue;
    }
    thread.running_at = static_cast<StackIndex>(trace.stacks.size());
    trace.stacks.push_back(std::move(stack));
    Wait wait = wait_of(seen);
    if (wait.kind == WaitKind::none) continue;
    wait.sequence = thread.wait.sequence;
    wait.stack = thread.running_at;
    thread.wait = wait;
    thread.switches = seen.switches;
    thread.state = TaskState::blocked;
    seen.tid = thread.tid;
    image.threads.push_back(std::move(seen));
  }
  return image;
}

bool any_unpublished(const Trace& trace) {
  return std::any_of(trace.threads.begin(), trace.threads.end(), [](const Thread& thread) {
    const Wait& wait = seen_wait(thread);
    return wait.kind != WaitKind::none && wait.since_ns == 0 && thread.switches != 0;
  });
}

}  // namespace track::process
