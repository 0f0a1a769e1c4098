#include "libtrack/capture/threads.h"

#include "libtrack/capture/coroutines.h"
#include "libtrack/capture/orders.h"
#include "libtrack/capture/pending.h"
#include "libtrack/core/key_counts.h"
#include "libtrack/core/memory.h"
#include "libtrack/core/recording_copy.h"
#include "libtrack/core/ring.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/thread_slots.h"

namespace track::capture {
namespace {

using core::this_thread;
using wire::ThreadSlot;

uint64_t index_of(const ThreadSlot* slot) {
  return static_cast<uint64_t>(slot - core::recording.threads);
}

// A slot ready for a thread to be made; pins: creator, thread, and the handle if there is one.
ThreadSlot* prepare(bool detached, const core::Registers& registers) {
  if (core::current_slot() == nullptr) return nullptr;
  settle_pending();
  if (core::forked_recording_unpublished()) core::publish_forked_recording();
  forget_orders();
  const uint32_t stack = core::capture_stack(registers);
  core::BusyScope busy;
  ThreadSlot* slot = core::claim_slot(detached ? 2 : 3);
  if (slot == nullptr) return nullptr;
  slot->created_stack = stack;
  if (detached) slot->flags.store(wire::kThreadDetached, std::memory_order_relaxed);
  core::refresh_clock(slot->created_ticks);
  return slot;
}

// The handle's place belongs to the new thread too, which may have freed it: it is read only while
// the thread has not named itself, and carefully, unless it lies in a caller's frame.
bool read_handle(const pthread_t* place, uint64_t* handle) {
  const auto at = reinterpret_cast<uint64_t>(place);
  if (at <= reinterpret_cast<uint64_t>(__builtin_frame_address(0)) || core::stack_high_of(at) == 0)
    return sys::read_own_memory(place, handle, sizeof *handle);
  *handle = __atomic_load_n(place, __ATOMIC_RELAXED);
  return true;
}

void finish(ThreadSlot* slot, int rc, const pthread_t* thread, bool detached) {
  core::BusyScope busy;
  if (rc != 0) {
    core::unpin(slot, detached ? 2 : 3);
    return;
  }
  core::count(core::counters().threads_created);
  core::count_thread_origin(slot->created_stack);
  uint64_t unknown = 0, handle = 0;
  if (slot->pthread.load(std::memory_order_relaxed) == 0 && read_handle(thread, &handle))
    slot->pthread.compare_exchange_strong(unknown, handle, std::memory_order_relaxed);
  auto claimed = wire::ThreadState::claimed;
  slot->state.compare_exchange_strong(claimed, wire::ThreadState::created,
                                      std::memory_order_release);
  core::push_event({slot->created_ticks, index_of(slot), this_thread.task, slot->created_stack, 0,
                    wire::EventKind::thread_created, 0, 0});
  core::unpin(slot);  // the creator's pin
}

// What a new thread begins with. Not out of its slot, which others could write.
struct Start {
  uint64_t pool_link;
  ThreadSlot* slot;
  uint64_t routine;
  void* argument;
};
constinit core::BlockPool starts{sizeof(Start)};

// Null: no memory, and the slot is given back.
Start* make_start(ThreadSlot* slot, bool detached, uint64_t routine, void* argument) {
  auto* start = static_cast<Start*>(starts.take());
  if (start == nullptr) {
    core::BusyScope busy;
    core::unpin(slot, detached ? 2 : 3);
    core::count(core::lost().tasks);
    return nullptr;
  }
  start->slot = slot;
  start->routine = slot->start_routine = routine;
  start->argument = argument;
  slot->start_argument = reinterpret_cast<uint64_t>(argument);
  return start;
}

Start begin(void* argument) {
  auto* place = static_cast<Start*>(argument);
  const Start start = *place;
  starts.give(place);
  core::begin_thread(start.slot);
  return start;
}

void* thread_main(void* argument) {
  const Start start = begin(argument);
  return reinterpret_cast<void* (*)(void*)>(start.routine)(start.argument);
}

int c11_thread_main(void* argument) {
  const Start start = begin(argument);
  return reinterpret_cast<thrd_start_t>(start.routine)(start.argument);
}

// What the new thread's stack will measure. No lock but glibc's own around the default.
uint32_t stack_kib(const pthread_attr_t* attributes) {
  pthread_attr_t standard;
  size_t bytes = 0;
  if (attributes == nullptr) {
    if (pthread_attr_init(&standard) != 0) return 0;
    pthread_attr_getstacksize(&standard, &bytes);
    pthread_attr_destroy(&standard);
  } else {
    pthread_attr_getstacksize(attributes, &bytes);
  }
  return static_cast<uint32_t>(bytes >> 10);
}

bool asks_detached(const pthread_attr_t* attributes) {
  int state = PTHREAD_CREATE_JOINABLE;
  if (attributes != nullptr) pthread_attr_getdetachstate(attributes, &state);
  return state == PTHREAD_CREATE_DETACHED;
}

// A thread nothing is recorded of any more joins others: they are not to be told as leaked.
void count_unseen_join() {
  if (this_thread.gone && core::recording_on()) core::count(core::lost().joins);
}

}  // namespace

int create_thread(pthread_t* thread, const pthread_attr_t* attributes, void* (*routine)(void*),
                  void* argument, const core::Registers& registers, const Real& real) {
  const bool detached = asks_detached(attributes);
  ThreadSlot* slot = prepare(detached, registers);
  if (slot == nullptr) return real.pthread_create(thread, attributes, routine, argument);
  slot->stack_kib = stack_kib(attributes);
  Start* start = make_start(slot, detached, reinterpret_cast<uint64_t>(routine), argument);
  if (start == nullptr) return real.pthread_create(thread, attributes, routine, argument);
  const int rc = real.pthread_create(thread, attributes, thread_main, start);
  if (rc != 0) starts.give(start);
  finish(slot, rc, thread, detached);
  return rc;
}

int create_c11_thread(thrd_t* thread, thrd_start_t routine, void* argument,
                      const core::Registers& registers, const Real& real) {
  ThreadSlot* slot = prepare(false, registers);
  if (slot == nullptr) return real.thrd_create(thread, routine, argument);
  slot->stack_kib = stack_kib(nullptr);
  Start* start = make_start(slot, false, reinterpret_cast<uint64_t>(routine), argument);
  if (start == nullptr) return real.thrd_create(thread, routine, argument);
  slot->flags.fetch_or(wire::kThreadC11, std::memory_order_relaxed);
  const int rc = real.thrd_create(thread, c11_thread_main, start);
  if (rc != thrd_success) starts.give(start);
  finish(slot, rc == thrd_success ? 0 : 1, thread, false);
  return rc;
}

void begin_join(OpenJoin& join, pthread_t thread, uint8_t flags, const core::Registers& registers) {
  if (core::current_slot() == nullptr) return count_unseen_join();
  join.target = core::slot_of(thread);
  if (join.target == nullptr) {
    core::count(core::lost().joins);
  } else {
    join.target->joiner.store(this_thread.task, std::memory_order_relaxed);
  }
  WaitRequest request{WaitKind::join, flags};
  request.object = reinterpret_cast<const void*>(thread);
  begin_wait(join.wait, request, registers);
}

void end_join(OpenJoin& join, bool joined) {
  end_wait(join.wait);
  if (join.target == nullptr) return;
  if (!joined) {
    join.target->joiner.store(0, std::memory_order_relaxed);
    return;
  }
  core::BusyScope busy;
  core::count(core::counters().threads_joined);
  core::push_event({sys::ticks(), join.target->task, this_thread.task, 0, 0,
                    wire::EventKind::thread_joined, 0, 0});
  core::release_handle(join.target, wire::kThreadJoined);
}

void detaching(pthread_t thread) {
  if (core::current_slot() == nullptr) return count_unseen_join();
  ThreadSlot* slot = core::slot_of(thread);
  if (slot == nullptr) return core::count(core::lost().joins);
  core::BusyScope busy;
  core::count(core::counters().threads_detached);
  core::push_event(
      {sys::ticks(), slot->task, this_thread.task, 0, 0, wire::EventKind::thread_detached, 0, 0});
  core::release_handle(slot, wire::kThreadDetached);
}

void named(pthread_t thread, const char* name) {
  if (core::current_slot() == nullptr) return;
  ThreadSlot* slot = core::slot_of(thread);
  if (slot == nullptr) return;
  for (size_t i = 0; i < sizeof slot->name; ++i) {
    slot->name[i] = name[i];
    if (name[i] == 0) break;
  }
  slot->name[sizeof slot->name - 1] = 0;
}

void cancelled(pthread_t thread) {
  if (core::current_slot() == nullptr) return;
  if (ThreadSlot* slot = core::slot_of(thread))
    slot->flags.fetch_or(wire::kThreadCancelled, std::memory_order_relaxed);
}

void no_longer_told_apart() {
  ThreadSlot* slot = core::current_slot();
  if (slot == nullptr) return;
  settle_pending();
  drop_pending();
  this_thread.locks = nullptr;
  this_thread.gone = true;
  // Nobody will see them given back.
  slot->held_count.store(0, std::memory_order_release);
  core::count(core::lost().tasks);
}

}  // namespace track::capture
