// The thread table. A slot's words are copied twice: what both copies' sequences agree on was not
// being written in between.
#include <algorithm>
#include <cstring>

#include "cli/read/image.h"
#include "libtrack/wire/holds.h"

namespace track::read {
namespace {

using wire::ThreadSlot;
using wire::ThreadState;

constexpr uint64_t kMostThreads = uint64_t{1} << 20;
constexpr uint64_t kChunk = 256;  // slots a read
constexpr int kAttempts = 64;

using SlotCopy = Copy<ThreadSlot>;

bool settled(const ThreadSlot& first, const ThreadSlot& second) {
  const uint32_t sequence = first.sequence.load(std::memory_order_relaxed);
  const uint32_t wait = first.wait.sequence.load(std::memory_order_relaxed);
  return sequence % 2 == 0 && wait % 2 == 0 &&
         second.sequence.load(std::memory_order_relaxed) == sequence &&
         second.wait.sequence.load(std::memory_order_relaxed) == wait &&
         second.state.load(std::memory_order_relaxed) ==
             first.state.load(std::memory_order_relaxed);
}

// Re-reads one slot until two copies agree. False: it never held still.
bool settle(const Image& image, uint64_t offset, SlotCopy& slot) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    SlotCopy second;
    if (!image.bytes().read(offset, slot.bytes.data(), sizeof(ThreadSlot)) ||
        !image.bytes().read(offset, second.bytes.data(), sizeof(ThreadSlot)))
      return false;
    if (settled(*slot, *second)) return true;
  }
  return false;
}

WaitKind wait_kind(wire::WaitKind kind) {
  static_assert(static_cast<int>(wire::WaitKind::message) == static_cast<int>(WaitKind::message));
  static_assert(static_cast<int>(wire::WaitKind::join) == static_cast<int>(WaitKind::join));
  return kind <= wire::WaitKind::message ? static_cast<WaitKind>(kind) : WaitKind::none;
}

Wait to_wait(Image& image, const wire::Wait& from) {
  Wait wait;
  wait.kind = wait_kind(from.kind);
  wait.sequence = from.sequence.load(std::memory_order_relaxed);
  if (wait.kind == WaitKind::none) return wait;
  wait.timed = (from.flags & wire::kWaitTimed) != 0;
  wait.process_shared = (from.flags & wire::kWaitShared) != 0;
  wait.robust = (from.flags & wire::kWaitRobust) != 0;
  wait.prefers_writer = (from.flags & wire::kWaitPrefersWriter) != 0;
  wait.object = from.object;
  wait.mutex = from.mutex;
  wait.since_ns = image.to_ns(from.since_ticks);
  wait.stack = image.stack(from.stack);
  wait.return_address = from.return_address;
  wait.stack_pointer = from.stack_pointer;
  wait.owner_tid = from.owner_tid;
  return wait;
}

void read_held(const ThreadSlot& slot, Thread& thread) {
  const uint32_t count =
      std::min(slot.held_count.load(std::memory_order_relaxed), wire::kHeldCapacity);
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t entry = slot.held[i].load(std::memory_order_relaxed);
    if (entry == 0) continue;
    Held held;
    held.object = entry & ~wire::kHeldSortMask;
    held.sort = static_cast<HeldSort>(entry & wire::kHeldSortMask);
    held.fiber = slot.held_fiber[i].load(std::memory_order_relaxed);  // see name_holders
    thread.held.push_back(held);
  }
  thread.held_complete =
      slot.held_lost.load(std::memory_order_relaxed) == 0 &&
      (slot.flags.load(std::memory_order_relaxed) & wire::kThreadHeldUnseen) == 0;
}

TaskState task_state(ThreadState state, const Wait& wait) {
  switch (state) {
    case ThreadState::claimed:
    case ThreadState::created:
      return TaskState::created;
    case ThreadState::running:
      return wait.kind == WaitKind::none ? TaskState::running : TaskState::blocked;
    case ThreadState::ended:
      return TaskState::ended;
    case ThreadState::free:
      break;
  }
  return TaskState::unknown;
}

// With locks=all: since when the locks in the set are held, and the calls that took them.
void read_since(Image& image, uint64_t index, const ThreadSlot& slot, Thread& thread) {
  const SectionView& section = image.section(wire::SectionKind::held_since);
  Copy<wire::HeldSince> since;
  if (thread.held.empty() || index >= section.capacity ||
      !image.bytes().read(section.offset + index * sizeof(wire::HeldSince), since.bytes.data(),
                          sizeof(wire::HeldSince)))
    return;
  const uint32_t count =
      std::min(slot.held_count.load(std::memory_order_relaxed), wire::kHeldCapacity);
  size_t next = 0;
  for (uint32_t i = 0; i < count && next < thread.held.size(); ++i) {
    if (slot.held[i].load(std::memory_order_relaxed) == 0) continue;
    Held& held = thread.held[next++];
    const uint64_t ticks = since->ticks[i].load(std::memory_order_relaxed);
    if (ticks != 0) held.since_ns = image.to_ns(ticks);
    const uint64_t caller = since->caller[i].load(std::memory_order_relaxed);
    if (caller != 0) held.taken_at = image.one_frame(caller);
  }
}

Thread to_thread(Image& image, const ThreadSlot& slot) {
  Thread thread;
  const uint32_t flags = slot.flags.load(std::memory_order_relaxed);
  thread.id = slot.task;
  thread.creator = slot.creator;
  thread.tid = slot.tid.load(std::memory_order_relaxed);
  thread.pthread = slot.pthread.load(std::memory_order_relaxed);
  thread.name = clean_text(slot.name, sizeof slot.name);
  thread.main = (flags & wire::kThreadMain) != 0;
  thread.detached = (flags & wire::kThreadDetached) != 0;
  thread.joined = (flags & wire::kThreadJoined) != 0;
  thread.adopted = (flags & wire::kThreadAdopted) != 0;
  thread.found = (flags & wire::kThreadFound) != 0;
  thread.cancelled = (flags & wire::kThreadCancelled) != 0;
  thread.joiner = slot.joiner.load(std::memory_order_relaxed);
  thread.created_ns = image.to_ns(slot.created_ticks);
  thread.started_ns = image.to_ns(slot.started_ticks);
  thread.ended_ns = image.to_ns(slot.ended_ticks.load(std::memory_order_relaxed));
  thread.labels = image.labels(slot.created_labels);
  thread.labels_now = image.labels(slot.labels.load(std::memory_order_relaxed));
  thread.created_at = image.stack(slot.created_stack, thread.labels);
  thread.start_routine = slot.start_routine;
  thread.waits = slot.waits.load(std::memory_order_relaxed);
  thread.coroutines_created = slot.coroutines_created.load(std::memory_order_relaxed);
  thread.coroutines_destroyed = slot.coroutines_destroyed.load(std::memory_order_relaxed);
  thread.wait = to_wait(image, slot.wait);
  thread.state = task_state(slot.state.load(std::memory_order_relaxed), thread.wait);
  if (thread.state != TaskState::blocked) {
    thread.wait = Wait{};
    thread.wait.sequence = slot.wait.sequence.load(std::memory_order_relaxed);
  }
  read_held(slot, thread);
  return thread;
}

}  // namespace

void read_threads(Image& image) {
  const SectionView& section = image.section(wire::SectionKind::threads);
  const uint64_t count = std::min(section.used, kMostThreads);
  std::vector<SlotCopy> first(kChunk), second(kChunk);
  uint64_t moving = 0, unreadable = 0;
  for (uint64_t start = 0; start < count; start += kChunk) {
    const uint64_t n = std::min(kChunk, count - start);
    const uint64_t offset = section.offset + start * sizeof(ThreadSlot);
    if (!image.bytes().read(offset, first.data(), n * sizeof(ThreadSlot)) ||
        !image.bytes().read(offset, second.data(), n * sizeof(ThreadSlot))) {
      unreadable += n;
      continue;
    }
    for (uint64_t i = 0; i < n; ++i) {
      SlotCopy& slot = first[i];
      if (slot->state.load(std::memory_order_relaxed) == ThreadState::free &&
          second[i]->state.load(std::memory_order_relaxed) == ThreadState::free)
        continue;
      if (!settled(*slot, *second[i]) && !settle(image, offset + i * sizeof(ThreadSlot), slot)) {
        ++moving;
        continue;
      }
      const ThreadState state = slot->state.load(std::memory_order_relaxed);
      if (state == ThreadState::free || slot->task == 0) continue;
      if (state > ThreadState::ended) {
        ++unreadable;
        continue;
      }
      image.trace().threads.push_back(to_thread(image, *slot));
      read_since(image, start + i, *slot, image.trace().threads.back());
    }
  }
  if (moving != 0)
    image.warn(std::to_string(moving) + " thread entries were half written and are left out");
  if (unreadable != 0) image.warn(std::to_string(unreadable) + " thread entries could not be read");
  std::sort(image.trace().threads.begin(), image.trace().threads.end(),
            [](const Thread& a, const Thread& b) { return a.id < b.id; });
}

}  // namespace track::read
