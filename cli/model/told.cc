#include "cli/model/told.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

namespace track {
namespace {

class Points {
 public:
  explicit Points(Trace& trace) : trace_(trace) {
    if (trace.await_points.empty()) trace.await_points.emplace_back();
  }

  // The place where it was told to be suspended; that it is finished its frame may say alone.
  uint32_t of(const Coroutine& coroutine) {
    AwaitPoint point;
    if (coroutine.state != TaskState::done)
      point = trace_.told_points[coroutine.told.point].await;
    else
      point.stage = AwaitStage::final;
    point.function = coroutine.function;
    const auto [entry, fresh] =
        known_.try_emplace(std::tuple(coroutine.told.point, coroutine.function, point.stage), 0);
    if (!fresh) return entry->second;
    trace_.await_points.push_back(std::move(point));
    return entry->second = static_cast<uint32_t>(trace_.await_points.size() - 1);
  }

 private:
  Trace& trace_;
  std::map<std::tuple<uint32_t, uint32_t, AwaitStage>, uint32_t> known_;
};

bool waits_still(const Coroutine& awaiter) {
  return awaiter.state == TaskState::suspended &&
         (!awaiter.told.known() || awaiter.told.state == TaskState::suspended);
}

}  // namespace

uint32_t told_function(Trace& trace, const Coroutine& coroutine) {
  if (coroutine.told.point >= trace.told_points.size()) return 0;
  ToldPoint& point = trace.told_points[coroutine.told.point];
  if (point.function.empty()) return 0;
  if (point.interned == 0) {
    const auto known = std::find(trace.functions.begin(), trace.functions.end(), point.function);
    point.interned = static_cast<uint32_t>(known - trace.functions.begin());
    if (known == trace.functions.end()) trace.functions.push_back(point.function);
  }
  return point.interned;
}

void use_told(Trace& trace) {
  if (trace.told_points.empty()) return;
  Points points(trace);
  std::unordered_map<uint64_t, Coroutine*> by_address;
  for (Coroutine& coroutine : trace.coroutines) by_address.emplace(coroutine.address, &coroutine);
  for (Coroutine& coroutine : trace.coroutines) {
    if (!coroutine.told.known() || coroutine.told.point >= trace.told_points.size()) continue;
    coroutine.since_ns = coroutine.told.since_ns;
    const bool waits =
        coroutine.state == TaskState::suspended || coroutine.state == TaskState::done;
    coroutine.await_point = waits ? points.of(coroutine) : 0;
    const auto awaiter = by_address.find(coroutine.told.awaiter);
    if (awaiter == by_address.end() || awaiter->second == &coroutine ||
        coroutine.state == TaskState::done || !waits_still(*awaiter->second))
      continue;
    if (const auto other = by_address.find(coroutine.awaited_by);
        other != by_address.end() && other->second->awaits == coroutine.address)
      other->second->awaits = 0;
    coroutine.awaited_by = awaiter->second->address;
    coroutine.awaited_by_weak = false;
    awaiter->second->awaits = coroutine.address;
  }
}

}  // namespace track
