#include "cli/analyze/wait_place.h"

#include <algorithm>
#include <cstring>
#include <optional>

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

constexpr uint64_t kMutexOwner = 8;
constexpr uint32_t kTidMask = 0x3fffffff;

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

bool waits_as_told(const Thread& thread) {
  const Wait& inner = thread.inner;
  const bool inside = inner.kind == WaitKind::none || inner.kind == WaitKind::sleep ||
                      (waits_on_object(inner.kind) && !inner.process_shared);
  return thread.wait_told && inside && !thread.wait.timed && !thread.cancelled &&
         thread.wait.object > 4096;
}

bool sleeps_in_channel(const Thread* thread, const ThreadMemory& memory) {
  return memory.in_channel && memory.own && thread != nullptr &&
         thread->state == TaskState::blocked && !thread->cancelled;
}

bool sleeps_there(const Wait& wait, const ThreadMemory& memory) {
  if (!memory.in_futex) return false;
  if (memory.futex == 0 || wait.kind == WaitKind::join) return true;
  return memory.futex - wait.object < size_of_object(wait.kind);
}

const Thread* ended_owner(const Trace& trace, const Wait& wait, int32_t tid) {
  for (const Thread& thread : trace.threads)
    if (thread.tid == tid && thread.state == TaskState::ended)
      for (const Held& held : thread.held)
        if (held.object == wait.object && held.fiber == 0) return &thread;
  return nullptr;
}

namespace {

// No thread holds it, and the record has all that are held.
bool unlisted(const Trace& trace, uint64_t lock) {
  return trace.complete() &&
         std::none_of(trace.threads.begin(), trace.threads.end(), [&](const Thread& thread) {
           return !thread.held_complete ||
                  std::any_of(thread.held.begin(), thread.held.end(),
                              [&](const Held& held) { return held.object == lock; });
         });
}

bool shared(const MemoryPicture& picture, uint64_t address) {
  return std::any_of(picture.shared.begin(), picture.shared.end(),
                     [&](const AddressRange& range) { return range.contains(address); });
}

// A lock that another thread of the parent held when this process was forked off: here nobody owns
// it. What the thread that forked held is among what its copy holds, where that is recorded.
bool held_in_parent(const Trace& trace, const MemoryPicture& picture, const Wait& wait) {
  return trace.forked && !wait.process_shared && unlisted(trace, wait.object) &&
         !shared(picture, wait.object);
}

// Who is cancelled while it waits for a condition takes the mutex again, and the tracker does not
// see it. As of the picture's instant: whom its word named earlier may have given it back.
bool taken_unseen(const Trace& trace, const MemoryPicture& picture, uint64_t lock, int32_t owner) {
  uint32_t named = 0;
  for (const MemoryRegion& region : picture.regions)
    if (const uint64_t at = lock + kMutexOwner - region.address;
        at < region.bytes.size() && sizeof named <= region.bytes.size() - at)
      std::memcpy(&named, &region.bytes[at], sizeof named);
  return static_cast<int32_t>(named & kTidMask) == owner && unlisted(trace, lock);
}

// Where thread numbers are those that the lock's words use. A core of a process in another pid
// namespace may have other ones: there a thread's own control block says so.
bool same_numbers(const Trace& trace, const MemoryPicture& picture) {
  if (std::any_of(trace.threads.begin(), trace.threads.end(),
                  [](const Thread& thread) { return thread.outer_tid != 0; }))
    return false;
  return !trace.gone || std::any_of(picture.threads.begin(), picture.threads.end(),
                                    [&](const ThreadMemory& thread) {
                                      return thread.own && thread.tid != trace.pid;
                                    });
}

}  // namespace

// A child of fork gives back what it took before, in whose words stands its parent's thread: that
// one has an earlier number than the child.
bool owner_is_absent(const Trace& trace, const MemoryPicture& picture, const Wait& wait,
                     int32_t owner) {
  return owner > trace.pid && !trace.forked && !wait.process_shared && !wait.robust &&
         !wait.timed && same_numbers(trace, picture) && !shared(picture, wait.object) &&
         (!trace.prepared || trace.attached || taken_unseen(trace, picture, wait.object, owner));
}

bool owner_has_ended(const Trace& trace, const MemoryPicture& picture, const Wait& wait) {
  if (wait.kind != WaitKind::mutex) return false;
  const auto word = [&](uint64_t address) -> std::optional<uint32_t> {
    const auto known = trace.memory.find(address);
    if (known == trace.memory.end()) return std::nullopt;
    return static_cast<uint32_t>(known->second);
  };
  const auto lock = word(wait.object), owner = word(wait.object + kMutexOwner);
  if (!lock || !owner || *lock == 0 || (*owner & kTidMask) == 0) return false;
  const auto tid = static_cast<int32_t>(*owner & kTidMask);
  return (ended_owner(trace, wait, tid) != nullptr || held_in_parent(trace, picture, wait) ||
          owner_is_absent(trace, picture, wait, tid)) &&
         std::none_of(picture.threads.begin(), picture.threads.end(),
                      [&](const ThreadMemory& thread) { return thread.tid == tid; });
}

}  // namespace track::analyze
