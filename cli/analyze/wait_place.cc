#include "cli/analyze/wait_place.h"

namespace track::analyze {
namespace {

// glibc's objects, x86-64.
uint64_t size_of_object(WaitKind kind) {
  switch (kind) {
    case WaitKind::condition:
      return 48;
    case WaitKind::mutex:
      return 40;
    case WaitKind::rwlock_read:
    case WaitKind::rwlock_write:
      return 56;
    case WaitKind::semaphore:
    case WaitKind::barrier:
      return 32;
    default:
      return 4;
  }
}

}  // namespace

bool waits_on_object(WaitKind kind) {
  return kind == WaitKind::condition || kind == WaitKind::semaphore || kind == WaitKind::barrier ||
         kind == WaitKind::once || kind == WaitKind::futex;
}

bool waits_on_owner(WaitKind kind) {
  return kind == WaitKind::mutex || kind == WaitKind::rwlock_read ||
         kind == WaitKind::rwlock_write || kind == WaitKind::join;
}

bool internal(const Thread& thread) {
  const Wait& wait = thread.wait;
  return thread.state == TaskState::blocked && !wait.timed && !wait.process_shared &&
         !wait.robust && !thread.cancelled && wait.object > 4096 &&
         (waits_on_object(wait.kind) || waits_on_owner(wait.kind));
}

bool sleeps_there(const Wait& wait, const ThreadMemory& memory) {
  if (!memory.in_futex) return false;
  if (memory.futex == 0 || wait.kind == WaitKind::join) return true;
  return memory.futex - wait.object < size_of_object(wait.kind);
}

}  // namespace track::analyze
