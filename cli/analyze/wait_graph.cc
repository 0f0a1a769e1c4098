#include "cli/analyze/wait_graph.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "cli/model/told_waits.h"

namespace track::analyze {
namespace {

// glibc, x86-64: pthread_mutex_t { int lock; unsigned count; int owner; unsigned nusers; int kind }
// and pthread_rwlock_t { unsigned readers; ...; int cur_writer at 24; ... }.
constexpr uint64_t kMutexOwner = 8, kMutexKind = 16, kRwlockWriter = 24;
constexpr uint32_t kRobust = 16, kReaderShift = 3;
constexpr uint32_t kTidMask = 0x3fffffff;

std::optional<uint32_t> word(const Trace& trace, uint64_t address) {
  const auto known = trace.memory.find(address);
  if (known == trace.memory.end()) return std::nullopt;
  return static_cast<uint32_t>(known->second);
}

struct Holder {
  size_t thread = 0;
  HeldSort sort = HeldSort::mutex;
  uint32_t fiber = 0;
};

struct Index {
  std::unordered_map<uint64_t, std::vector<Holder>> holders;     // by lock
  std::unordered_map<uint64_t, std::vector<size_t>> writers;     // queued, untimed, by lock
  std::unordered_map<uint64_t, std::vector<size_t>> by_pthread;  // not joined
  std::unordered_map<uint32_t, const Fiber*> fibers;
  std::unordered_map<uint32_t, size_t> threads;  // by task
};

Index make_index(const Trace& trace) {
  Index index;
  for (size_t i = 0; i < trace.threads.size(); ++i) {
    const Thread& thread = trace.threads[i];
    for (const Held& held : thread.held) {
      std::vector<Holder>& all = index.holders[held.object];
      // A recursive lock is listed once for each time it was taken.
      if (all.empty() || all.back().thread != i) all.push_back({i, held.sort, held.fiber});
    }
    if (thread.wait.kind == WaitKind::rwlock_write && !thread.wait.timed)
      index.writers[thread.wait.object].push_back(i);
    if (thread.pthread != 0 && !thread.joined) index.by_pthread[thread.pthread].push_back(i);
  }
  if (trace.fibers.empty() && trace.told_objects.empty()) return index;
  for (size_t i = 0; i < trace.threads.size(); ++i) index.threads[trace.threads[i].id] = i;
  for (const Fiber& fiber : trace.fibers) index.fibers[fiber.id] = &fiber;
  return index;
}

bool still_waiting(const Thread& thread) {
  return thread.state == TaskState::blocked && thread.kernel != KernelView::gone &&
         (thread.kernel != KernelView::running || thread.wait.kind == WaitKind::spinlock ||
          is_told(thread.wait.kind));
}

size_t recorded_reads(const Trace& trace, uint64_t object) {
  size_t count = 0;
  for (const Thread& thread : trace.threads)
    count += static_cast<size_t>(std::count_if(
        thread.held.begin(), thread.held.end(),
        [&](const Held& held) { return held.object == object && held.sort == HeldSort::read; }));
  return count;
}

class Builder {
 public:
  explicit Builder(const Trace& trace) : trace_(trace), index_(make_index(trace)) {}

  std::vector<WaitEdge> edges_of(size_t waiter) const {
    const Thread& thread = trace_.threads[waiter];
    const Wait& wait = thread.wait;
    if (!still_waiting(thread) || wait.timed || wait.robust) return {};
    switch (wait.kind) {
      case WaitKind::mutex:
        return exclusive(waiter, HeldSort::mutex, mutex_owner(wait));
      case WaitKind::spinlock:
        return exclusive(waiter, HeldSort::spin, 0);
      case WaitKind::rwlock_read:
      case WaitKind::rwlock_write:
        return rwlock(waiter);
      case WaitKind::join:
        return join(waiter);
      default:
        return is_told(wait.kind) ? as_told(waiter) : std::vector<WaitEdge>();
    }
  }

 private:
  // A task that has ended is nobody to wait for.
  std::vector<WaitEdge> as_told(size_t waiter) const {
    const ToldObject* object = told_object(trace_, trace_.threads[waiter].wait.object);
    if (object == nullptr || object->owner == 0) return {};
    if (const auto thread = index_.threads.find(object->owner); thread != index_.threads.end()) {
      if (trace_.threads[thread->second].state == TaskState::ended) return {};
      return {{waiter, thread->second, false, 0, true}};
    }
    const auto fiber = index_.fibers.find(object->owner);
    if (fiber == index_.fibers.end()) return {};
    const auto runs_on = index_.threads.find(fiber->second->thread);
    if (runs_on == index_.threads.end()) return {};
    const bool runs = fiber->second->state == TaskState::running;
    return {{waiter, runs_on->second, false, runs ? 0 : fiber->second->id, true}};
  }

  // From memory, when it could be read: the owner now. 0 = unknown, -1 = nobody owns it.
  int64_t mutex_owner(const Wait& wait) const {
    const auto lock = word(trace_, wait.object);
    const auto owner = word(trace_, wait.object + kMutexOwner);
    if (!lock || !owner) return 0;
    return *lock == 0 || *owner == 0 ? -1 : static_cast<int64_t>(*owner & kTidMask);
  }

  std::vector<WaitEdge> exclusive(size_t waiter, HeldSort sort, int64_t owner) const {
    const Wait& wait = trace_.threads[waiter].wait;
    if (owner < 0) return {};
    const auto known = index_.holders.find(wait.object);
    std::vector<Holder> candidates;
    if (known != index_.holders.end())
      for (const Holder& holder : known->second)
        if (holder.sort == sort) candidates.push_back(holder);
    if (owner > 0) return by_owner(waiter, owner, candidates);
    // Without memory the record must be unambiguous.
    if (candidates.size() != 1) return {};
    const Thread& holder = trace_.threads[candidates.front().thread];
    const bool confirmed = wait.owner_tid != 0 && wait.owner_tid == holder.tid;
    if ((wait.process_shared || !trace_.complete()) && !confirmed) return {};
    return held_by(waiter, candidates.front());
  }

  // A fiber that took it gives it back, on whichever thread it runs or will run.
  std::vector<WaitEdge> held_by(size_t waiter, const Holder& holder) const {
    const auto fiber = index_.fibers.find(holder.fiber);
    if (holder.fiber == 0 || fiber == index_.fibers.end()) return {{waiter, holder.thread}};
    const auto runs_on = index_.threads.find(fiber->second->thread);
    const bool known = runs_on != index_.threads.end();
    if (fiber->second->state == TaskState::running)
      return known ? std::vector<WaitEdge>{{waiter, runs_on->second}} : std::vector<WaitEdge>{};
    return {{waiter, known ? runs_on->second : holder.thread, false, holder.fiber}};
  }

  std::vector<WaitEdge> by_owner(size_t waiter, int64_t owner,
                                 const std::vector<Holder>& candidates) const {
    for (const Holder& candidate : candidates)
      if (trace_.threads[candidate.thread].tid == owner) return held_by(waiter, candidate);
    // The record names somebody else: who is right cannot be told.
    if (!candidates.empty() || trace_.threads[waiter].wait.process_shared) return {};
    std::optional<size_t> found;
    for (size_t i = 0; i < trace_.threads.size(); ++i) {
      const Thread& thread = trace_.threads[i];
      if (thread.tid != owner || thread.state == TaskState::ended) continue;
      if (found) return {};
      found = i;
    }
    if (!found) return {};
    return {{waiter, *found}};
  }

  std::vector<WaitEdge> rwlock(size_t waiter) const {
    const Wait& wait = trace_.threads[waiter].wait;
    if (wait.process_shared) return {};
    std::vector<Holder> writers, readers;
    if (const auto known = index_.holders.find(wait.object); known != index_.holders.end())
      for (const Holder& holder : known->second) {
        if (holder.sort == HeldSort::write) writers.push_back(holder);
        if (holder.sort == HeldSort::read) readers.push_back(holder);
      }
    if (writers.size() > 1) return {};
    if (writers.size() == 1) {
      const auto owner = word(trace_, wait.object + kRwlockWriter);
      const Thread& writer = trace_.threads[writers.front().thread];
      if (owner && static_cast<int32_t>(*owner) != writer.tid) return {};
      return held_by(waiter, writers.front());
    }
    return wait.kind == WaitKind::rwlock_write ? behind_readers(waiter, readers)
                                               : behind_writers(waiter);
  }

  // A writer goes only when the last reader has gone: it waits for each of them.
  std::vector<WaitEdge> behind_readers(size_t waiter, const std::vector<Holder>& readers) const {
    const uint64_t object = trace_.threads[waiter].wait.object;
    if (const auto writer = word(trace_, object + kRwlockWriter); writer && *writer != 0) return {};
    if (const auto state = word(trace_, object); state && *state >> kReaderShift < readers.size())
      return {};
    std::vector<WaitEdge> edges;
    for (const Holder& reader : readers) {
      const std::vector<WaitEdge> edge = held_by(waiter, reader);
      if (edge.empty()) return {};
      edges.push_back(edge.front());
    }
    return edges;
  }

  // Nobody writes, and yet this reader waits: a kind of lock that lets queued writers go first.
  std::vector<WaitEdge> behind_writers(size_t waiter) const {
    const Wait& wait = trace_.threads[waiter].wait;
    if (!wait.prefers_writer) return {};
    const auto known = index_.writers.find(wait.object);
    if (known == index_.writers.end()) return {};
    std::vector<WaitEdge> edges;
    for (const size_t writer : known->second)
      if (still_waiting(trace_.threads[writer])) edges.push_back({waiter, writer, true});
    return edges;
  }

  std::vector<WaitEdge> join(size_t waiter) const {
    const auto known = index_.by_pthread.find(trace_.threads[waiter].wait.object);
    if (known == index_.by_pthread.end() || known->second.size() != 1) return {};
    const Thread& target = trace_.threads[known->second.front()];
    if (target.state == TaskState::ended || target.detached || target.kernel == KernelView::gone)
      return {};
    return {{waiter, known->second.front()}};
  }

  const Trace& trace_;
  Index index_;
};

}  // namespace

WaitGraph build_wait_graph(const Trace& trace) {
  WaitGraph graph;
  const Builder builder(trace);
  graph.edges.resize(trace.threads.size());
  for (size_t i = 0; i < trace.threads.size(); ++i) graph.edges[i] = builder.edges_of(i);
  return graph;
}

bool memory_contradicts(const Trace& trace, const Thread& thread, const Held& held) {
  const auto first = word(trace, held.object);
  if (!first) return false;
  switch (held.sort) {
    case HeldSort::mutex: {
      const auto owner = word(trace, held.object + kMutexOwner);
      return *first == 0 || (owner && static_cast<int32_t>(*owner & kTidMask) != thread.tid);
    }
    case HeldSort::write: {
      const auto writer = word(trace, held.object + kRwlockWriter);
      return writer && static_cast<int32_t>(*writer) != thread.tid;
    }
    case HeldSort::read:
      // Fewer readers than the record names: whose unlock was not seen cannot be told.
      return *first >> kReaderShift < recorded_reads(trace, held.object);
    case HeldSort::spin:
      return *first == 1;  // glibc's unlocked value on x86 is 1, locked is <= 0
  }
  return false;
}

bool is_robust(const Trace& trace, const Held& held) {
  if (held.sort != HeldSort::mutex) return false;
  const auto kind = word(trace, held.object + kMutexKind);
  return kind && (*kind & kRobust) != 0;
}

}  // namespace track::analyze
