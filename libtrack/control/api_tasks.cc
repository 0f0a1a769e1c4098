// The bodies of include/track/abi.h: what tasks there are. Out of the live tables, as `track` reads
// them from outside, but of one instant for each entry only.
#include "libtrack/capture/coroutines.h"
#include "libtrack/core/declared.h"
#include "libtrack/core/labels.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/scopes.h"
#include "libtrack/core/stacks.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/text.h"
#include "libtrack/include/track/leaks.h"
#include "libtrack/wire/told.h"

#define TRACK_API extern "C" __attribute__((visibility("default")))

namespace {

namespace core = track::core;
using core::recording;
using track::wire::CoroutineSlot;
using track::wire::DeclaredSort;
using track::wire::FiberSlot;
using track::wire::FiberState;
using track::wire::SectionKind;
using track::wire::ThreadSlot;
using track::wire::ThreadState;
using track::wire::ToldCoroutine;

bool is_live(const ThreadSlot& slot) {
  const ThreadState state = slot.state.load(std::memory_order_acquire);
  return state == ThreadState::claimed || state == ThreadState::created ||
         state == ThreadState::running;
}
bool is_live(const FiberSlot& slot) {
  return slot.state.load(std::memory_order_acquire) != FiberState::free;
}
bool is_live(const CoroutineSlot& slot) {
  return track::capture::holds_frame(slot);
}
// Those in the other table are counted there.
bool is_live(const ToldCoroutine& slot) {
  return slot.frame.load(std::memory_order_acquire) != 0 && slot.stack != track::wire::kToldInTable;
}

uint32_t labels_of(const ToldCoroutine& slot) {
  return slot.labels;
}
uint32_t labels_of(const ThreadSlot& slot) {
  return slot.created_labels;
}
uint32_t labels_of(const FiberSlot& slot) {
  return slot.created_labels;
}
uint32_t labels_of(const CoroutineSlot& slot) {
  return __atomic_load_n(&slot.site, __ATOMIC_RELAXED) >> track::wire::kSiteLabelShift &
         track::wire::kSiteLabelMask;
}

const ToldCoroutine* told_coroutines() {
  return core::section_start<ToldCoroutine>(SectionKind::told_coroutines);
}

// Ticks of the time-stamp counter, as far as the start of the recording tells their length.
class Now {
 public:
  Now() : ticks_(track::sys::ticks()) {
    const auto& header = *recording.header;
    const uint64_t ns = track::sys::monotonic_ns();
    const uint64_t ticks = ticks_ - header.start_ticks;
    if (ticks_ > header.start_ticks && ns > header.start_monotonic_ns)
      ns_a_tick_ = static_cast<double>(ns - header.start_monotonic_ns) / static_cast<double>(ticks);
  }
  uint64_t ns_since(uint64_t ticks) const {
    if (ticks == 0 || ticks > ticks_) return 0;
    return static_cast<uint64_t>(static_cast<double>(ticks_ - ticks) * ns_a_tick_);
  }

 private:
  uint64_t ticks_;
  double ns_a_tick_ = 0;
};

void put_stack(uint32_t reference, track_task& task) {
  const core::InternedStack stack = core::interned_stack(reference);
  while (task.created_by_count < TRACK_TASK_FRAMES && task.created_by_count < stack.depth) {
    const uint64_t frame = stack.frames[stack.depth - 1 - task.created_by_count];
    task.created_by[task.created_by_count++] = reinterpret_cast<const void*>(frame);
  }
}

track_task_state state_of(const ThreadSlot& slot) {
  switch (slot.state.load(std::memory_order_acquire)) {
    case ThreadState::claimed:
    case ThreadState::created:
      return TRACK_STATE_CREATED;
    case ThreadState::ended:
      return TRACK_STATE_ENDED;
    case ThreadState::running:
      break;
    case ThreadState::free:
      return TRACK_STATE_UNKNOWN;
  }
  return slot.wait.kind == track::wire::WaitKind::none ? TRACK_STATE_RUNNING : TRACK_STATE_BLOCKED;
}

// Somebody can still join it.
bool is_unjoined(const ThreadSlot& slot) {
  using namespace track::wire;
  constexpr uint32_t kOver = kThreadJoined | kThreadDetached | kThreadMain | kThreadAdopted;
  return slot.state.load(std::memory_order_acquire) == ThreadState::ended &&
         (slot.flags.load(std::memory_order_relaxed) & kOver) == 0;
}

bool is_mark(uint32_t flags) {
  return (flags & track::wire::kToldLongLived) != 0;
}

// False: there is no task (any more).
bool describe(const ThreadSlot& slot, const Now& now, track_task& task) {
  const uint32_t sequence = slot.sequence.load(std::memory_order_acquire);
  if (!is_live(slot) && !is_unjoined(slot)) return false;
  const uint32_t flags = slot.flags.load(std::memory_order_relaxed);
  task.kind = TRACK_THREADS;
  task.id = slot.task;
  task.state = state_of(slot);
  task.labels = labels_of(slot);
  task.tid = slot.tid.load(std::memory_order_relaxed);
  task.age_ns = now.ns_since(slot.created_ticks);
  if (task.state == TRACK_STATE_BLOCKED) task.since_ns = now.ns_since(slot.wait.since_ticks);
  if (task.state == TRACK_STATE_ENDED)
    task.since_ns = now.ns_since(slot.ended_ticks.load(std::memory_order_relaxed));
  task.address = slot.pthread.load(std::memory_order_relaxed);
  task.is_main = (flags & track::wire::kThreadMain) != 0;
  task.is_detached = (flags & track::wire::kThreadDetached) != 0;
  put_stack(slot.created_stack, task);
  const track::wire::ToldThread* told = core::told_of(slot);
  const uint32_t name = told == nullptr ? 0 : told->name.load(std::memory_order_relaxed);
  core::Text(task.name, sizeof task.name).add(name == 0 ? slot.name : core::text_at(name));
  task.is_long_lived = told != nullptr && is_mark(told->flags.load(std::memory_order_relaxed));
  return sequence % 2 == 0 && slot.sequence.load(std::memory_order_acquire) == sequence &&
         (is_live(slot) || is_unjoined(slot));
}

bool describe(const FiberSlot& slot, const Now& now, track_task& task) {
  const FiberState state = slot.state.load(std::memory_order_acquire);
  if (state == FiberState::free) return false;
  task.kind = TRACK_FIBERS;
  task.id = slot.task;
  task.state = state == FiberState::created     ? TRACK_STATE_CREATED
               : state == FiberState::suspended ? TRACK_STATE_SUSPENDED
                                                : TRACK_STATE_RUNNING;
  task.labels = labels_of(slot);
  task.age_ns = now.ns_since(slot.created_ticks);
  if (state == FiberState::suspended)
    task.since_ns = now.ns_since(slot.switched_ticks.load(std::memory_order_relaxed));
  task.address = slot.stack_high;
  task.is_long_lived = is_mark(core::declared_marks(DeclaredSort::fiber, task.address));
  put_stack(slot.created_stack, task);
  return slot.task == task.id && is_live(slot);
}

bool describe(const CoroutineSlot& slot, const Now& now, track_task& task) {
  if (!track::capture::holds_frame(slot)) return false;
  task.kind = TRACK_COROUTINES;
  task.address = slot.address.load(std::memory_order_acquire);
  task.id = static_cast<uint64_t>(&slot - recording.coroutines) + 1;
  task.state = TRACK_STATE_UNKNOWN;
  task.labels = labels_of(slot);
  task.is_long_lived = is_mark(core::declared_marks(DeclaredSort::coroutine, task.address));
  const uint64_t created = __atomic_load_n(&slot.created_ticks, __ATOMIC_RELAXED);
  task.age_ns = now.ns_since(created);
  put_stack(slot.stack, task);
  return slot.address.load(std::memory_order_acquire) == task.address &&
         __atomic_load_n(&slot.created_ticks, __ATOMIC_RELAXED) == created;
}

bool describe(const ToldCoroutine& slot, const Now& now, track_task& task) {
  if (!is_live(slot)) return false;
  task.kind = TRACK_COROUTINES;
  task.address = slot.frame.load(std::memory_order_acquire);
  task.id = core::section_capacity<CoroutineSlot>(SectionKind::coroutines) +
            static_cast<uint64_t>(&slot - told_coroutines()) + 1;
  const bool runs = slot.state.load(std::memory_order_relaxed) == track::wire::ToldState::running;
  task.state = runs ? TRACK_STATE_RUNNING : TRACK_STATE_SUSPENDED;
  task.labels = labels_of(slot);
  task.is_long_lived = is_mark(core::declared_marks(DeclaredSort::coroutine, task.address));
  const uint64_t created = slot.created_ticks;
  task.age_ns = now.ns_since(created);
  task.since_ns = now.ns_since(slot.since_ticks.load(std::memory_order_relaxed));
  put_stack(slot.stack, task);
  return slot.frame.load(std::memory_order_acquire) == task.address &&
         slot.created_ticks == created;
}

// A cursor: which table (the upper byte), and the next index in it.
constexpr unsigned kTableShift = 56;

template <class Slot>
bool next_of(const Slot* slots, SectionKind kind, uint64_t& index, const Now& now,
             track_task& task) {
  constexpr int kAttempts = 100;
  const uint64_t used = core::entries_used<Slot>(kind);
  while (index < used) {
    const Slot& slot = slots[index++];
    // An entry that changes meanwhile is looked at again: its successor may have come.
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      task = {};
      if (describe(slot, now, task)) return true;
      if (!is_live(slot)) break;
    }
  }
  return false;
}

template <class Slot, class Use>
void each_live(const Slot* slots, SectionKind kind, Use use) {
  const uint64_t used = core::entries_used<Slot>(kind);
  for (uint64_t i = 0; i < used; ++i)
    if (is_live(slots[i])) use(slots[i]);
}

// Of a coroutine its memory is asked, many at once.
template <class Use>
void each_live(const CoroutineSlot* slots, SectionKind kind, Use use) {
  const uint64_t used = core::entries_used<CoroutineSlot>(kind);
  const CoroutineSlot* some[track::capture::kMostAtOnce];
  for (uint64_t i = 0; i < used;) {
    unsigned count = 0;
    for (; i < used && count < track::capture::kMostAtOnce; ++i)
      if (slots[i].address.load(std::memory_order_relaxed) != 0) some[count++] = slots + i;
    const uint64_t held = track::capture::frames_held(some, count);
    for (unsigned n = 0; n < count; ++n)
      if ((held >> n & 1) != 0) use(*some[n]);
  }
}

template <class Use>
void each_live(int kind, Use use) {
  if (kind == TRACK_THREADS)
    each_live(recording.threads, SectionKind::threads, use);
  else if (kind == TRACK_FIBERS)
    each_live(recording.fibers, SectionKind::fibers, use);
  else if (kind == TRACK_COROUTINES)
    each_live(recording.coroutines, SectionKind::coroutines, use),
        each_live(told_coroutines(), SectionKind::told_coroutines, use);
}

}  // namespace

TRACK_API uint64_t track_abi_count(int kind) {
  if (!core::recording_is_ours()) return 0;
  core::BusyScope busy;
  uint64_t count = 0;
  each_live(kind, [&](const auto&) { ++count; });
  return count;
}

TRACK_API uint64_t track_abi_count_labelled(int kind, const char* key, const char* value) {
  if (key == nullptr || value == nullptr || !core::recording_is_ours()) return 0;
  core::BusyScope busy;
  const uint32_t pair = core::label_pair(key, value);
  if (pair == 0) return 0;
  uint64_t count = 0;
  // Most tasks have the set of the one before.
  uint32_t known = 0;
  bool has = false;
  each_live(kind, [&](const auto& slot) {
    const uint32_t labels = labels_of(slot);
    if (labels != known) {
      known = labels;
      has = core::has_pair(labels, pair);
    }
    count += has;
  });
  return count;
}

namespace {

bool next_task(uint64_t& cursor, const Now& now, track_task& found) {
  uint64_t table = cursor >> kTableShift, index = cursor & ((uint64_t{1} << kTableShift) - 1);
  bool any = false;
  for (; table < 4; ++table, index = 0) {
    if (table == 0)
      any = next_of(recording.threads, SectionKind::threads, index, now, found);
    else if (table == 1)
      any = next_of(recording.fibers, SectionKind::fibers, index, now, found);
    else if (table == 2)
      any = next_of(recording.coroutines, SectionKind::coroutines, index, now, found);
    else
      any = next_of(told_coroutines(), SectionKind::told_coroutines, index, now, found);
    if (any) break;
  }
  cursor = table << kTableShift | index;
  return any;
}

// A program may have been built with an earlier, shorter structure.
void hand_over(track_task& found, track_task* task, size_t task_bytes) {
  found.labels = core::told_labels(found.labels);
  core::copy_bytes(task, &found, task_bytes < sizeof found ? task_bytes : sizeof found);
}

bool is_caller(const track_task& task) {
  const auto sp = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  if (task.kind == TRACK_THREADS) return task.id == core::this_thread.task;
  const uint32_t fiber = task.kind == TRACK_FIBERS ? core::fiber_at(sp) : 0;
  return fiber != 0 && core::fiber_slot(fiber).task == task.id;
}

bool is_meant(const track_leak_query& query, const track_task& task) {
  const bool to_stay = task.is_long_lived != 0 && task.state != TRACK_STATE_ENDED;
  if (task.is_main != 0 || to_stay || is_caller(task)) return false;
  if (query.kinds != 0 && (query.kinds >> task.kind & 1) == 0) return false;
  if (query.states != 0 && (query.states >> task.state & 1) == 0) return false;
  if (task.age_ns < query.min_age_ns) return false;
  if (query.label == nullptr) return true;
  if (query.value == nullptr) return core::label_value(task.labels, query.label) != nullptr;
  const uint32_t pair = core::label_pair(query.label, query.value);
  return pair != 0 && core::has_pair(task.labels, pair);
}

}  // namespace

TRACK_API int track_abi_task_next(uint64_t* cursor, track_task* task, size_t task_bytes) {
  if (cursor == nullptr || task == nullptr || !core::recording_is_ours()) return 0;
  core::BusyScope busy;
  track_task found;
  if (!next_task(*cursor, Now(), found)) return 0;
  hand_over(found, task, task_bytes);
  return 1;
}

TRACK_API int track_abi_leak_next(uint64_t* cursor, const track_leak_query* query,
                                  size_t query_bytes, track_task* task, size_t task_bytes) {
  if (cursor == nullptr || task == nullptr || !core::recording_is_ours()) return 0;
  core::BusyScope busy;
  track_leak_query meant = {};
  if (query != nullptr)
    core::copy_bytes(&meant, query, query_bytes < sizeof meant ? query_bytes : sizeof meant);
  const Now now;
  track_task found;
  while (next_task(*cursor, now, found))
    if (is_meant(meant, found)) {
      hand_over(found, task, task_bytes);
      return 1;
    }
  return 0;
}
