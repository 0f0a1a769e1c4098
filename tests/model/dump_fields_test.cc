// A field that is added to a structure and forgotten by dumps would make a dump say less than the
// process did.
#include "cli/model/dump_fields.h"

#include <doctest/doctest.h>

#include <set>
#include <utility>

using namespace track;

namespace {

struct Anything {
  template <class T>
  operator T() const;
};

template <class T, size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires {
    T{(static_cast<void>(I), Anything{})...};
  };
}

// How many members an aggregate has.
template <class T, size_t kCount = 80>
constexpr size_t members() {
  if constexpr (takes<T>(std::make_index_sequence<kCount>()))
    return kCount;
  else
    return members<T, kCount - 1>();
}

template <class T>
constexpr size_t kept() {
  return std::tuple_size_v<decltype(dump::fields(std::declval<T&>()))>;
}

struct Three {
  int number = 0;
  std::string text;
  std::vector<Three> more;
};

}  // namespace

TEST_CASE("the members of a structure are counted") {
  CHECK(members<Three>() == 3);
}

TEST_CASE("dumps keep every member of what they are made of") {
  CHECK(kept<Label>() == members<Label>());
  CHECK(kept<Stack>() == members<Stack>());
  CHECK(kept<TaskScope>() == members<TaskScope>());
  CHECK(kept<Wait>() == members<Wait>());
  CHECK(kept<Held>() == members<Held>());
  CHECK(kept<ToldWait>() == members<ToldWait>());
  CHECK(kept<PoolPlace>() == members<PoolPlace>());
  CHECK(kept<ToldObject>() == members<ToldObject>());
  CHECK(kept<Thread>() == members<Thread>());
  CHECK(kept<Coroutine>() == members<Coroutine>());
  CHECK(kept<Fiber>() == members<Fiber>());
  CHECK(kept<FrameLock>() == members<FrameLock>());
  CHECK(kept<ChannelEnd>() == members<ChannelEnd>());
  CHECK(kept<Contention>() == members<Contention>());
  CHECK(kept<OrderedLock>() == members<OrderedLock>());
  CHECK(kept<OrderWitness>() == members<OrderWitness>());
  CHECK(kept<LockOrder>() == members<LockOrder>());
  CHECK(kept<TrackerPlace>() == members<TrackerPlace>());
  CHECK(kept<Module>() == members<Module>());
  CHECK(kept<AwaitPoint>() == members<AwaitPoint>());
  CHECK(kept<Frame>() == members<Frame>());
  CHECK(kept<Location>() == members<Location>());
  CHECK(kept<CodeKey>() == members<CodeKey>());
  CHECK(kept<WaitObject>() == members<WaitObject>());
  CHECK(kept<AwaitFrame>() == members<AwaitFrame>());
  CHECK(kept<FindingTask>() == members<FindingTask>());
  CHECK(kept<Finding>() == members<Finding>());
  CHECK(kept<Deadlocks>() == members<Deadlocks>());
  CHECK(kept<StuckThread>() == members<StuckThread>());
  CHECK(kept<Orphan>() == members<Orphan>());
  CHECK(kept<LostFiber>() == members<LostFiber>());
  CHECK(kept<Fixpoint>() == members<Fixpoint>());
  CHECK(kept<RetentionStep>() == members<RetentionStep>());
  CHECK(kept<Kept>() == members<Kept>());
  CHECK(kept<KeptFiber>() == members<KeptFiber>());
  CHECK(kept<LeakedBlocks>() == members<LeakedBlocks>());
  CHECK(kept<LockBlock>() == members<LockBlock>());
  CHECK(kept<HistoryEvent>() == members<HistoryEvent>());
  CHECK(kept<History>() == members<History>());
  CHECK(kept<Level>() == members<Level>());
  CHECK(kept<ScheduleLevel>() == members<ScheduleLevel>());
  CHECK(kept<Schedule>() == members<Schedule>());
  CHECK(kept<ThreadOrigin>() == members<ThreadOrigin>());
  CHECK(kept<HeapSite>() == members<HeapSite>());
  CHECK(kept<HeapMappings>() == members<HeapMappings>());
  CHECK(kept<HeapTable>() == members<HeapTable>());
  CHECK(kept<CpuRow>() == members<CpuRow>());
  CHECK(kept<CpuTable>() == members<CpuTable>());
}

TEST_CASE("of a trace, its names and its proofs, each member is in one of the sections") {
  constexpr size_t kTables = 21;  // threads, coroutines, fibers, stacks, label sets, modules,
                                  // functions, await points, memory, frame locks, channels,
                                  // contention, lock blocks, lock orders, history, names of
                                  // coroutines and of objects, whose objects are, scopes and which
                                  // sets name them; told places are among the await points then
  CHECK(kept<Trace>() + kTables == members<Trace>());
  CHECK(members<Symbols>() == 3);        // code; objects, notes
  CHECK(members<ProcessReport>() == 4);  // trace, symbols, note; findings are judged again
  CHECK(members<Loaded>() == 5);  // report, deadlocks, fixpoint, notes; dump: where it was read
  Loaded loaded;
  std::set<dump::Part> parts;
  dump::for_each_part(loaded, [&](dump::Part part, const auto&) { parts.insert(part); });
  CHECK(parts.size() == dump::kParts);
}
