// What comes before the marking, and what several looks at one process have in common.
#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "cli/analyze/fixpoint.h"
#include "cli/analyze/orphanable.h"
#include "cli/analyze/wait_place.h"
#include "cli/model/told_waits.h"

namespace track::analyze {
namespace {

// Every thread waits, none in a wait of the sort that is looked at anyway, for descriptors with
// both ends inside.
bool may_sleep_in_channels(const Trace& trace) {
  return !trace.channels.empty() &&
         std::all_of(trace.threads.begin(), trace.threads.end(), [](const Thread& thread) {
           return thread.state == TaskState::ended ||
                  (thread.state == TaskState::blocked && !thread.wait.timed);
         });
}

}  // namespace

bool has_suspects(const Trace& trace) {
  return std::any_of(trace.threads.begin(), trace.threads.end(), internal) ||
         any_told_wait(trace) || may_sleep_in_channels(trace) ||
         std::any_of(trace.coroutines.begin(), trace.coroutines.end(), orphanable) ||
         std::any_of(trace.fibers.begin(), trace.fibers.end(), [](const Fiber& fiber) {
           return fiber.state == TaskState::suspended && fiber.context != 0;
         });
}

bool keep_unmoved(Fixpoint& fixpoint, const Trace& later) {
  std::unordered_map<uint32_t, const Thread*> threads;
  for (const Thread& thread : later.threads) threads[thread.id] = &thread;
  const auto moved = [&](const StuckThread& stuck) {
    const auto now = threads.find(stuck.id);
    if (now == threads.end()) return true;
    const Thread& thread = *now->second;
    if (stuck.own_wait_told)
      return thread.told.sequence != stuck.sequence || thread.told.object != stuck.object;
    const Wait& wait = seen_wait(thread);
    // Waits that no record tells apart have the same number.
    const bool other = wait.since_ns == 0 && (wait.timed || wait.object != stuck.object);
    return seen_state(thread) != TaskState::blocked || wait.sequence != stuck.sequence || other;
  };
  // Of what is stuck by the program's word alone nothing else follows.
  if (std::any_of(fixpoint.threads.begin(), fixpoint.threads.end(),
                  [&](const StuckThread& stuck) { return stuck.told && moved(stuck); }))
    std::erase_if(fixpoint.threads, [](const StuckThread& stuck) { return stuck.told; });
  const bool threads_stay = std::none_of(fixpoint.threads.begin(), fixpoint.threads.end(), moved);
  std::unordered_map<uint64_t, uint64_t> frames;
  for (const Coroutine& coroutine : later.coroutines)
    frames[coroutine.address] = coroutine.created_ticks;
  const bool frames_stay = std::all_of(
      fixpoint.coroutines.begin(), fixpoint.coroutines.end(), [&](const Orphan& orphan) {
        // The record knows nothing of one without an allocation of its own.
        if (orphan.created_ticks == 0) return true;
        const auto now = frames.find(orphan.address);
        return now != frames.end() && now->second == orphan.created_ticks;
      });
  const bool fibers_stay =
      std::all_of(fixpoint.fibers.begin(), fixpoint.fibers.end(), [&](const LostFiber& lost) {
        return std::any_of(later.fibers.begin(), later.fibers.end(), [&](const Fiber& fiber) {
          return fiber.id == lost.id && fiber.switches == lost.switches;
        });
      });
  if (threads_stay && frames_stay && fibers_stay) return true;
  fixpoint = {};
  return false;
}

void keep_common(Fixpoint& fixpoint, const Fixpoint& other) {
  std::set<std::pair<uint64_t, uint64_t>> threads, coroutines;
  for (const StuckThread& stuck : other.threads) threads.insert({stuck.id, stuck.object});
  for (const Orphan& orphan : other.coroutines)
    coroutines.insert({orphan.address, orphan.created_ticks});
  // Who polls may have run just then; that he still is in the wait he told of, keep_unmoved sees.
  std::erase_if(fixpoint.threads, [&](const StuckThread& stuck) {
    return !(stuck.told && other.poller_ran) && threads.count({stuck.id, stuck.object}) == 0;
  });
  std::erase_if(fixpoint.fibers, [&](const LostFiber& lost) {
    return std::none_of(other.fibers.begin(), other.fibers.end(), [&](const LostFiber& fiber) {
      return fiber.id == lost.id && fiber.switches == lost.switches;
    });
  });
  std::erase_if(fixpoint.coroutines, [&](const Orphan& orphan) {
    return coroutines.count({orphan.address, orphan.created_ticks}) == 0;
  });
}

}  // namespace track::analyze
