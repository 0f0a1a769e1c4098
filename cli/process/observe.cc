#include "cli/process/observe.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "cli/process/memory.h"
#include "cli/process/proc.h"

namespace track::process {
namespace {

constexpr size_t kMostAsked = 2048;  // one question costs about 10 us
constexpr uint64_t kMutexKind = 16;  // glibc, x86-64
constexpr uint32_t kRobust = 16, kShared = 128;
constexpr uint64_t kFutexLockPi2 = 13;

bool owned_wait(WaitKind kind) {
  return kind == WaitKind::mutex || kind == WaitKind::rwlock_read ||
         kind == WaitKind::rwlock_write || kind == WaitKind::spinlock || kind == WaitKind::join;
}

void withdraw_wait(Thread& thread) {
  const uint32_t sequence = thread.wait.sequence;
  thread.wait = Wait{};
  thread.wait.sequence = sequence;
  thread.state = TaskState::running;
}

void apply(const SystemCall& call, Thread& thread) {
  switch (call.state) {
    case SystemCall::State::unreadable:
      return;
    case SystemCall::State::gone:
      thread.kernel = KernelView::gone;
      return;
    case SystemCall::State::running:
      thread.kernel = KernelView::running;
      return;
    case SystemCall::State::waiting:
      break;
  }
  thread.kernel = KernelView::waiting;
  thread.system_call = call.number < 0 ? 0 : static_cast<uint32_t>(call.number);
  // The waiting call's frame lies above the kernel's stack pointer for as long as it waits.
  if (thread.wait.kind != WaitKind::none && thread.wait.stack_pointer != 0 &&
      call.stack_pointer > thread.wait.stack_pointer)
    withdraw_wait(thread);
}

// Waiting for a condition ends with taking its mutex again: woken, and behind that lock's owner.
bool takes_mutex_again(const SystemCall& call, const Wait& wait) {
  if (call.state != SystemCall::State::waiting || call.number != SYS_futex) return false;
  const uint64_t command = call.arguments[1] & FUTEX_CMD_MASK;
  return wait.kind == WaitKind::condition && wait.mutex != 0 && call.arguments[0] == wait.mutex &&
         (command == FUTEX_WAIT || command == FUTEX_LOCK_PI || command == kFutexLockPi2);
}

// The same wait of the record, for the mutex now. Since when is not known, and nothing limits it.
void wait_for_mutex(pid_t pid, pid_t tid, Thread& thread) {
  uint32_t kind = 0;
  if (!Memory(pid).read(thread.wait.mutex + kMutexKind, &kind, sizeof kind)) return;
  Wait& wait = thread.wait;
  wait.kind = WaitKind::mutex;
  wait.object = std::exchange(wait.mutex, 0);
  wait.timed = false;
  wait.since_ns = 0;
  wait.robust = (kind & kRobust) != 0;
  wait.process_shared = (kind & kShared) != 0;
  thread.switches = task_status(pid, tid).switches;
}

struct LockObject {
  uint64_t address;
  size_t bytes;
  bool operator<(const LockObject& other) const { return address < other.address; }
};

size_t lock_bytes(bool rwlock, bool spin) {
  return spin ? 8 : rwlock ? 56 : 24;
}

std::set<LockObject> lock_objects(const Trace& trace) {
  std::set<LockObject> objects;
  for (const Thread& thread : trace.threads) {
    const Wait& wait = thread.wait;
    if (owned_wait(wait.kind) && wait.kind != WaitKind::join)
      objects.insert(
          {wait.object, lock_bytes(wait.kind != WaitKind::mutex, wait.kind == WaitKind::spinlock)});
    for (const Held& held : thread.held)
      objects.insert(
          {held.object, lock_bytes(held.sort != HeldSort::mutex, held.sort == HeldSort::spin)});
  }
  return objects;
}

}  // namespace

void observe_threads(Trace& trace) {
  // The recording has the numbers that the process knows.
  const bool same = same_pid_namespace(trace.pid);
  if (!same) {
    const auto ours = threads_by_own_number(trace.pid);
    for (Thread& thread : trace.threads)
      if (const auto found = ours.find(thread.tid); found != ours.end())
        thread.outer_tid = found->second;
  }
  size_t asked = 0;
  const std::string inherited = command_name(trace.pid);
  for (Thread& thread : trace.threads) {
    if (thread.tid == 0 || thread.state == TaskState::ended) continue;
    if (thread.state == TaskState::blocked && !owned_wait(thread.wait.kind) &&
        trace.threads.size() > 256)
      continue;
    if (++asked > kMostAsked) break;
    if (!same && thread.outer_tid == 0) {
      thread.kernel = KernelView::gone;
      continue;
    }
    const pid_t tid = same ? thread.tid : thread.outer_tid;
    const SystemCall call = system_call(trace.pid, tid);
    apply(call, thread);
    if (takes_mutex_again(call, thread.wait)) wait_for_mutex(trace.pid, tid, thread);
    if (trace.attached && thread.adopted)
      if (const uint64_t born = start_time_ns(trace.pid, tid); born != 0)
        thread.created_ns = thread.started_ns = born;
    if (thread.name.empty() && trace.threads.size() <= 256)
      if (std::string name = thread_name(trace.pid, tid); name != inherited)
        thread.name = std::move(name);
  }
  // It ended without a word to the tracker.
  std::erase_if(trace.threads, [](const Thread& thread) {
    return thread.found && thread.kernel == KernelView::gone;
  });
}

void read_lock_words(Trace& trace) {
  const Memory memory(trace.pid);
  if (trace.modules.empty()) return;
  if (const int error = memory.probe(trace.modules.front().start); error != 0) {
    trace.not_visible.push_back(std::string("memory of the process (") + std::strerror(error) +
                                "): lock owners and coroutine frames are as recorded");
    return;
  }
  trace.memory_read = true;
  for (const LockObject& object : lock_objects(trace)) {
    uint64_t words[8] = {};
    if (!memory.read(object.address, words, object.bytes)) continue;
    // Of a spinlock only its half of the word: the other is the program's.
    if (object.bytes == sizeof words[0]) words[0] &= 0xffffffff;
    for (size_t i = 0; i < object.bytes / 8; ++i) trace.memory[object.address + i * 8] = words[i];
  }
}

}  // namespace track::process
