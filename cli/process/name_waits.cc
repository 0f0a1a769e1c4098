// A futex wait has the address of a word. Which object that word belongs to follows from the libc
// function on the stack and from glibc's layouts (x86-64, 2.26 and later).
#include <linux/futex.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_map>

#include "cli/process/call_target.h"
#include "cli/process/proc.h"
#include "cli/process/system_calls.h"
#include "cli/process/untracked.h"

namespace track::process {
namespace {

constexpr size_t kLeafFrames = 8;
constexpr uint64_t kMutexOwner = 8, kMutexKind = 16;
constexpr uint64_t kRwlockPhase = 8, kRwlockWriters = 12, kRwlockWriter = 24, kRwlockFlags = 48;
constexpr uint64_t kConditionSignals = 40, kBarrierRound = 4;
constexpr uint32_t kRobust = 16, kShared = 128, kTidMask = 0x3fffffff;
constexpr uint64_t kFutexLockPi2 = 13;
constexpr uint64_t kDelayFrame = 1024;  // of glibc's slow lock
// pthread_t is the address of a control block that holds its own address twice, near its start.
constexpr uint64_t kControlSelf = 16, kNearestTid = 0x200, kFarthestTid = 0x400;

struct Function {
  std::string_view name;
  WaitKind kind;
};
// By how their names begin; what comes before "pthread" in internal names is dropped.
constexpr Function kFunctions[] = {
    {"pthread_mutex_", WaitKind::mutex},
    {"mtx_", WaitKind::mutex},
    {"pthread_rwlock_rdlock", WaitKind::rwlock_read},
    {"pthread_rwlock_timedrdlock", WaitKind::rwlock_read},
    {"pthread_rwlock_clockrdlock", WaitKind::rwlock_read},
    {"pthread_rwlock_wrlock", WaitKind::rwlock_write},
    {"pthread_rwlock_timedwrlock", WaitKind::rwlock_write},
    {"pthread_rwlock_clockwrlock", WaitKind::rwlock_write},
    {"pthread_cond_", WaitKind::condition},
    {"cnd_", WaitKind::condition},
    {"sem_", WaitKind::semaphore},
    {"pthread_barrier_wait", WaitKind::barrier},
    {"pthread_join", WaitKind::join},
    {"pthread_timedjoin", WaitKind::join},
    {"pthread_clockjoin", WaitKind::join},
    {"thrd_join", WaitKind::join},
    {"pthread_once", WaitKind::once},
    {"call_once", WaitKind::once},
};

WaitKind kind_by_name(std::string_view name) {
  for (const std::string_view prefix : {"__GI_", "_", "new_", "old_"})
    while (name.substr(0, prefix.size()) == prefix) name.remove_prefix(prefix.size());
  const auto found =
      std::find_if(std::begin(kFunctions), std::end(kFunctions), [&](const Function& function) {
        return name.substr(0, function.name.size()) == function.name;
      });
  return found == std::end(kFunctions) ? WaitKind::none : found->kind;
}

class Namer {
 public:
  Namer(Trace& trace, const ProcessImage& image, const FunctionLookup& functions)
      : trace_(trace), image_(image), functions_(functions) {
    for (size_t i = 0; i < trace.threads.size(); ++i) by_tid_[trace.threads[i].tid] = i;
  }

  void name(Thread& thread, const ImageThread& seen) {
    const uint64_t futex = thread.wait.object;
    WaitKind kind = kind_of(thread);
    // Only the kernel's wake at a thread's end is not private: join proves itself by its structure.
    if (kind == WaitKind::none && is_shared_futex(seen)) kind = WaitKind::join;
    // Waiting for a condition ends with taking its mutex again: glibc's plain lock wait, or the
    // kernel's for one that inherits priorities.
    const uint64_t command = seen.arguments[1] & FUTEX_CMD_MASK;
    if (kind == WaitKind::condition && command == FUTEX_WAIT && seen.arguments[2] == 2)
      kind = WaitKind::mutex;
    if (command == FUTEX_LOCK_PI || command == kFutexLockPi2) kind = WaitKind::mutex;
    // Such a lock that the kernel refuses (its owner waits for us, or has ended) glibc never
    // takes: it sleeps on a word of its own stack for ever. That word is no mutex.
    const bool plain = command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET;
    if (kind == WaitKind::mutex && plain && seen.arguments[2] == 0 &&
        futex - thread.wait.stack_pointer < kDelayFrame)
      return;
    switch (kind) {
      case WaitKind::mutex:
        return mutex(thread, futex);
      case WaitKind::rwlock_read:
      case WaitKind::rwlock_write:
        return rwlock(thread, kind, futex, seen.arguments[2]);
      case WaitKind::condition:
        return set(thread, kind, futex - kConditionSignals - (futex % 8));
      case WaitKind::barrier:
        return set(thread, kind, futex - kBarrierRound);
      case WaitKind::join:
        return join(thread, futex, static_cast<int32_t>(seen.arguments[2]));
      case WaitKind::semaphore:
      case WaitKind::once:
        return set(thread, kind, futex);
      default:
        return;
    }
  }

 private:
  WaitKind kind_of(const Thread& thread) {
    const Stack& stack = trace_.stacks.at(thread.running_at);
    const size_t count = std::min(stack.addresses.size(), kLeafFrames);
    // Only libc's own functions: those in the module that made the system call.
    const Module* libc = count == 0 ? nullptr : image_.module_of(stack.addresses[0]);
    for (size_t i = 0; i < count; ++i) {
      const bool inside = image_.module_of(stack.addresses[i]) == libc;
      const auto [known, fresh] = kinds_.try_emplace(stack.addresses[i], WaitKind::none);
      if (fresh) known->second = kind_at(stack.addresses[i], inside, libc);
      if (known->second != WaitKind::none) return known->second;
      if (!inside) break;
    }
    return WaitKind::none;
  }

  // The first function outside of libc called one that may have jumped on to another without a
  // name.
  WaitKind kind_at(uint64_t address, bool inside, const Module* libc) const {
    if (inside) return kind_by_name(functions_(address - 1));
    const uint64_t called = called_function(image_, address);
    if (called == 0 || image_.module_of(called) != libc) return WaitKind::none;
    return kind_by_name(functions_(called));
  }

  static void set(Thread& thread, WaitKind kind, uint64_t object) {
    thread.wait.kind = kind;
    thread.wait.object = object;
  }

  bool remember(uint64_t object, size_t words) {
    uint64_t values[8] = {};
    if (!image_.read(object, values, words * 8)) return false;
    for (size_t i = 0; i < words; ++i) trace_.memory[object + i * 8] = values[i];
    return true;
  }
  uint32_t half(uint64_t address) const {
    uint32_t value = 0;
    return image_.read(address, &value, sizeof value) ? value : 0;
  }

  // What the lock's words say about who has it, once for each lock.
  void held_by(int32_t tid, uint64_t object, HeldSort sort) {
    const auto owner = by_tid_.find(tid);
    if (tid == 0 || owner == by_tid_.end()) return;
    auto& held = trace_.threads[owner->second].held;
    if (std::none_of(held.begin(), held.end(), [&](const Held& h) { return h.object == object; }))
      held.push_back({object, sort});
  }

  void mutex(Thread& thread, uint64_t object) {
    set(thread, WaitKind::mutex, object);
    if (!remember(object, 3)) return;
    const uint32_t kind = half(object + kMutexKind);
    thread.wait.robust = (kind & kRobust) != 0;
    thread.wait.process_shared = (kind & kShared) != 0;
    thread.wait.owner_tid = static_cast<int32_t>(half(object + kMutexOwner) & kTidMask);
    if (half(object) != 0) held_by(thread.wait.owner_tid, object, HeldSort::mutex);
  }

  void rwlock(Thread& thread, WaitKind kind, uint64_t futex, uint64_t awaited) {
    // Its words: readers, writers, the phase, the writers' futex. The readers' word is waited for
    // with a count in it, the phase with a flag or two.
    const bool phase = futex % 8 == 0 && awaited <= 3;
    const uint64_t object = futex % 8 != 0 ? futex - kRwlockWriters
                            : phase        ? futex - kRwlockPhase
                                           : futex;
    set(thread, kind, object);
    if (!remember(object, 7)) return;
    thread.wait.prefers_writer = half(object + kRwlockFlags) == 2;
    thread.wait.process_shared = (half(object + kRwlockWriter + 4) & 0xff) != 0;
    thread.wait.owner_tid = static_cast<int32_t>(half(object + kRwlockWriter));
    held_by(thread.wait.owner_tid, object, HeldSort::write);
  }

  void join(Thread& thread, uint64_t futex, int32_t tid) {
    for (uint64_t distance = kNearestTid; distance <= kFarthestTid; distance += 8) {
      const uint64_t block = futex - distance;
      if (image_.word(block) != block || image_.word(block + kControlSelf) != block) continue;
      set(thread, WaitKind::join, block);
      thread.wait.owner_tid = tid;
      const auto joined = by_tid_.find(tid);
      if (joined == by_tid_.end()) return;
      trace_.threads[joined->second].pthread = block;
      trace_.threads[joined->second].joiner = thread.id;
      return;
    }
  }

  Trace& trace_;
  const ProcessImage& image_;
  const FunctionLookup& functions_;
  std::unordered_map<int32_t, size_t> by_tid_;
  std::unordered_map<uint64_t, WaitKind> kinds_;
};

}  // namespace

void name_waits(Trace& trace, const ProcessImage& image, const FunctionLookup& functions) {
  if (!image.core && !trace.prepared && !same_pid_namespace(image.pid)) {
    trace.not_visible.push_back(
        "lock owners: they are numbered in another pid namespace; run track inside of it");
    return;
  }
  Namer namer(trace, image, functions);
  std::unordered_map<int32_t, const ImageThread*> seen;
  for (const ImageThread& thread : image.threads) seen[thread.tid] = &thread;
  for (Thread& thread : trace.threads) {
    if (thread.wait.kind != WaitKind::futex || thread.running_at == 0) continue;
    const auto found = seen.find(thread.tid);
    if (found == seen.end()) continue;
    const ImageThread& now = *found->second;
    // Looked at again since: another wait by now.
    if (now.arguments[0] == thread.wait.object) namer.name(thread, now);
  }
}

}  // namespace track::process
