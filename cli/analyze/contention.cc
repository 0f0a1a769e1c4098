#include "cli/analyze/contention.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace track::analyze {
namespace {

// Both sides of a reader-writer lock are one lock.
WaitKind family(WaitKind kind) {
  return kind == WaitKind::rwlock_read ? WaitKind::rwlock_write : kind;
}

using Key = std::tuple<WaitKind, uint64_t, StackIndex>;

class Table {
 public:
  explicit Table(const Trace& trace) : trace_(trace) {
    for (const Contention& cost : trace.contention)
      if (synchronizes(cost.kind) && cost.count + cost.total_ns != 0) add(cost);
    for (size_t i = 0; i < trace.threads.size(); ++i) add_waiting(i);
    for (const HistoryEvent& event : trace.history.events)
      if (event.kind == HistoryKind::lock_held)
        add_hold(event.wait, event.object, event.duration_ns, event.stack);
    for (size_t i = 0; i < trace.threads.size(); ++i) add_holder(i);
  }

  ContentionView view(CostOrder order, uint64_t min_ns) {
    ContentionView view;
    view.holds = holds_;
    view.holds_from_ns =
        trace_.history.overwritten != 0 ? trace_.history.complete_since : trace_.start_ns;
    for (auto& [key, cost] : costs_) {
      if ((cost.count == 0 && cost.holds.count == 0) || cost.total_ns < min_ns) continue;
      finish(cost);
      (owned_lock(cost.kind) ? view.locks : view.events).push_back(std::move(cost));
    }
    for (auto* costs : {&view.locks, &view.events})
      std::stable_sort(costs->begin(), costs->end(), [order](const auto& a, const auto& b) {
        if (order == CostOrder::count) return a.count > b.count;
        if (order == CostOrder::longest) return a.longest_ns > b.longest_ns;
        if (order == CostOrder::held) return a.holds.total_ns > b.holds.total_ns;
        return std::pair(a.total_ns, a.holds.total_ns) > std::pair(b.total_ns, b.holds.total_ns);
      });
    return view;
  }

 private:
  LockCost& at(WaitKind kind, uint64_t object, StackIndex created) {
    LockCost& cost = costs_[{family(kind), object, created}];
    cost.kind = family(kind);
    cost.object = object;
    cost.created_at = created;
    latest_[{family(kind), object}] = created;
    return cost;
  }

  void add(const Contention& from) {
    LockCost& cost = at(from.kind, from.object, from.created_at);
    const PlaceCost place{from.stack, from.count, from.total_ns, from.longest_ns};
    if (from.role == ContentionRole::holder) {
      cost.holders.push_back(place);
      return;
    }
    cost.waiters.push_back(place);
    add_wait(cost, from.kind, from.count, from.total_ns, from.longest_ns);
  }

  static void add_wait(LockCost& cost, WaitKind kind, uint64_t count, uint64_t total_ns,
                       uint64_t longest_ns) {
    cost.count += count;
    cost.total_ns += total_ns;
    cost.longest_ns = std::max(cost.longest_ns, longest_ns);
    if (kind != WaitKind::rwlock_read) return;
    cost.read_count += count;
    cost.read_ns += total_ns;
  }

  // The lock that is there now, of those that were at the address.
  LockCost& now_at(WaitKind kind, uint64_t object) {
    const auto known = latest_.find({family(kind), object});
    return at(kind, object, known == latest_.end() ? 0 : known->second);
  }

  void add_waiting(size_t index) {
    const Thread& thread = trace_.threads[index];
    const Wait& wait = thread.wait;
    if (thread.state != TaskState::blocked || !synchronizes(wait.kind)) return;
    LockCost& cost = now_at(wait.kind, wait.kind == WaitKind::join ? 0 : wait.object);
    const uint64_t ns =
        wait.since_ns != 0 && trace_.taken_ns > wait.since_ns ? trace_.taken_ns - wait.since_ns : 0;
    cost.waited_by.push_back(index);
    cost.waiters.push_back({wait.stack, 1, ns, ns});
    cost.ongoing_ns += ns;
    add_wait(cost, wait.kind, 1, ns, ns);
  }

  void add_hold(WaitKind kind, uint64_t object, uint64_t ns, StackIndex place) {
    ++holds_;
    HoldCost& holds = now_at(kind, object).holds;
    ++holds.count;
    holds.total_ns += ns;
    if (kind == WaitKind::rwlock_read) ++holds.read_count;
    if (ns < holds.longest_ns) return;
    holds.longest_ns = ns;
    holds.longest_at = place;
  }

  void add_holder(size_t index) {
    for (const Held& held : trace_.threads[index].held)
      if (held.since_ns != 0)
        add_hold(lock_kind(held.sort), held.object,
                 std::max(trace_.taken_ns, held.since_ns) - held.since_ns, held.taken_at);
    for (const Held& held : trace_.threads[index].held)
      for (const WaitKind kind : {WaitKind::mutex, WaitKind::rwlock_write, WaitKind::spinlock}) {
        const auto known = latest_.find({kind, held.object});
        if (known == latest_.end()) continue;
        std::vector<size_t>& holders = costs_[{kind, held.object, known->second}].held_by;
        if (holders.empty() || holders.back() != index) holders.push_back(index);
      }
  }

  static void merge_places(std::vector<PlaceCost>& places) {
    std::map<StackIndex, PlaceCost> merged;
    for (const PlaceCost& place : places) {
      PlaceCost& sum = merged[place.stack];
      sum.stack = place.stack;
      sum.count += place.count;
      sum.total_ns += place.total_ns;
      sum.longest_ns = std::max(sum.longest_ns, place.longest_ns);
    }
    places.clear();
    for (const auto& [stack, place] : merged) places.push_back(place);
    std::stable_sort(places.begin(), places.end(), [](const auto& a, const auto& b) {
      return std::pair(a.total_ns, a.count) > std::pair(b.total_ns, b.count);
    });
  }

  void finish(LockCost& cost) const {
    const auto block = std::lower_bound(
        trace_.lock_blocks.begin(), trace_.lock_blocks.end(), cost.object,
        [](const LockBlock& known, uint64_t object) { return known.object < object; });
    if (block != trace_.lock_blocks.end() && block->object == cost.object) {
      cost.block_bytes = block->bytes;
      cost.block_allocated_at = block->allocated_at;
    }
    merge_places(cost.waiters);
    merge_places(cost.holders);
    if (cost.kind == WaitKind::rwlock_write && cost.read_ns > cost.total_ns - cost.read_ns)
      cost.kind = WaitKind::rwlock_read;
    std::stable_sort(cost.waited_by.begin(), cost.waited_by.end(), [&](size_t a, size_t b) {
      return trace_.threads[a].wait.since_ns < trace_.threads[b].wait.since_ns;
    });
  }

  const Trace& trace_;
  std::map<Key, LockCost> costs_;
  std::map<std::pair<WaitKind, uint64_t>, StackIndex> latest_;
  uint64_t holds_ = 0;
};

}  // namespace

WaitKind lock_kind(HeldSort sort) {
  switch (sort) {
    case HeldSort::read:
      return WaitKind::rwlock_read;
    case HeldSort::write:
      return WaitKind::rwlock_write;
    case HeldSort::spin:
      return WaitKind::spinlock;
    case HeldSort::mutex:
      break;
  }
  return WaitKind::mutex;
}

bool synchronizes(WaitKind kind) {
  return owned_lock(kind) || kind == WaitKind::condition || kind == WaitKind::semaphore ||
         kind == WaitKind::barrier || kind == WaitKind::join || kind == WaitKind::once ||
         kind == WaitKind::futex;
}

ContentionView view_contention(const Trace& trace, CostOrder order, uint64_t min_ns) {
  return Table(trace).view(order, min_ns);
}

}  // namespace track::analyze
