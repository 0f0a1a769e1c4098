#include "libtrack/core/thread_state.h"

#include <sched.h>
#include <signal.h>
#include <sys/single_threaded.h>

#include "libtrack/core/coroutine_table.h"
#include "libtrack/core/cpu_sampler.h"
#include "libtrack/core/found_threads.h"
#include "libtrack/core/hot.h"
#include "libtrack/core/known_stacks.h"
#include "libtrack/core/labels.h"
#include "libtrack/core/memory.h"
#include "libtrack/core/options.h"
#include "libtrack/core/replay.h"
#include "libtrack/core/ring.h"
#include "libtrack/core/scopes.h"
#include "libtrack/core/stacks.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/text.h"
#include "libtrack/core/thread_slots.h"
#include "libtrack/core/told_coroutines.h"

extern "C" void* __libc_stack_end;  // ld.so: the main thread's stack at program start

namespace track::core {

void (*at_thread_end)();
uint64_t no_orders[64];
TRACK_HOT std::atomic<bool> one_thread{false};
constinit thread_local ThisThread this_thread __attribute__((tls_model("initial-exec"))) = {};

struct ThreadPrivate {
  uint64_t pool_link;  // BlockPool keeps its list here while the block is free
  KnownStacks known;   // first: the few stacks of a loop lie on one page
  Replay replay;
  struct Seen {
    uint64_t hash;
    uint32_t stack;
  } seen[128];  // this thread's recent stacks: spares the shared table's cache miss
};

namespace {

using wire::SectionKind;
using wire::ThreadSlot;
using wire::ThreadState;

constexpr int kRounds = 3;  // of PTHREAD_DESTRUCTOR_ITERATIONS (4): come last

constinit BlockPool private_blocks{sizeof(ThreadPrivate)};

pthread_key_t exit_key;
bool have_exit_key;

// The running thread's.
uint64_t event_object(const ThreadSlot* slot) {
  return slot_index(slot) | static_cast<uint64_t>(static_cast<uint32_t>(this_thread.tid)) << 32;
}

void find_stack_bounds(ThreadSlot* slot) {
  // The kernel leaves 128 MiB free below the main stack, whatever its limit.
  constexpr uint64_t kMainReach = uint64_t{64} << 20;
  ThisThread& self = this_thread;
  if (self.task == 1) {
    self.stack_high = (reinterpret_cast<uint64_t>(__libc_stack_end) + 4095) & ~uint64_t{4095};
    self.stack_low = self.stack_high - kMainReach;
  } else {
    // glibc puts the thread descriptor (and so the thread pointer) at the top of the stack it
    // allocated, less than a page below its end; a stack of the caller's own making has it there
    // too. Of a thread not made through our hooks the size is not known.
    self.stack_high = reinterpret_cast<uint64_t>(__builtin_thread_pointer());
    const uint64_t bytes = uint64_t{slot->stack_kib} << 10;
    self.stack_low = bytes > 4096 ? self.stack_high + 4096 - bytes : self.stack_high;
  }
  slot->stack_low = self.stack_low;
  slot->stack_high = self.stack_high;
}

void set_current(ThreadSlot* slot) {
  this_thread.slot = slot;
  this_thread.task = slot->task;
  this_thread.labels = slot->labels.load(std::memory_order_relaxed);
  this_thread.tid = sys::tid();
  // Without its tid (behind a filter) a thread cannot be the owner of a mutex.
  this_thread.locks = follows_locks(options) && this_thread.tid > 0 ? slot : nullptr;
  this_thread.since = this_thread.locks != nullptr ? held_since(slot) : nullptr;
  if (this_thread.locks == nullptr)
    slot->flags.fetch_or(wire::kThreadHeldUnseen, std::memory_order_relaxed);
  slot->tid.store(this_thread.tid, std::memory_order_relaxed);
  slot->pthread.store(reinterpret_cast<uint64_t>(__builtin_thread_pointer()),
                      std::memory_order_relaxed);
  find_stack_bounds(slot);
  // glibc keeps the first 32 keys' values inside the descriptor: no memory is needed for ours.
  if (have_exit_key && exit_key < 32)
    pthread_setspecific(exit_key, reinterpret_cast<void*>(uint64_t{1}));
}

void end_thread() {
  ThreadSlot* slot = this_thread.slot;
  if (at_thread_end != nullptr) at_thread_end();
  if (__builtin_expect(cpu_sampling(), 0)) end_cpu_timer();
  this_thread.gone = true;
  this_thread.locks = nullptr;
  this_thread.since = nullptr;
  give_back_free_slots();
  give_back_told_slots();
  if (ThreadPrivate* own = this_thread.own) {
    this_thread.own = nullptr;
    private_blocks.give(own);
  }
  if (slot == nullptr || !recording_is_ours()) return;
  count_unfinished_stack();
  slot->wait.sequence.fetch_add(1, std::memory_order_release);
  slot->wait.kind = wire::WaitKind::none;
  slot->wait.sequence.fetch_add(1, std::memory_order_release);
  const uint64_t now = sys::ticks();
  slot->ended_ticks.store(now, std::memory_order_relaxed);
  count(counters().threads_ended);
  // Locks taken to the grave keep the slot, so that a reader sees them: the thread's pin then goes
  // with held_count, to whoever strikes out the last one.
  const bool holds = holds_any(slot);
  if (!holds) slot->held_count.store(0, std::memory_order_relaxed);
  slot->state.store(ThreadState::ended, std::memory_order_seq_cst);
  if (scope_waiters.load(std::memory_order_seq_cst) != 0) tell_scope_waiters();
  push_event({now, event_object(slot), slot->task, 0, 0, wire::EventKind::thread_ended, 0, 0});
  if (holds) return unpin_if_nothing_held(slot);
  unpin(slot);
}

// pthread key destructor: runs again until its last round, to be later than the target's own.
void on_thread_exit(void* value) {
  const auto round = reinterpret_cast<uint64_t>(value);
  if (round < kRounds && exit_key < 32) {
    pthread_setspecific(exit_key, reinterpret_cast<void*>(round + 1));
    return;
  }
  end_thread();
}

}  // namespace

namespace {

// A routine of another library's (its pthread_create called libc's in our place) ran first in a
// thread that is made through us, and called hooks: what was adopted then was this thread.
void let_go_adopted(ThreadSlot* adopted, ThreadSlot* slot) {
  if (holds_any(adopted)) slot->flags.fetch_or(wire::kThreadHeldUnseen, std::memory_order_relaxed);
  adopted->held_count.store(0, std::memory_order_relaxed);
  push_event({sys::ticks(), event_object(adopted), adopted->task, 0, 0,
              wire::EventKind::thread_ended, 0, 0});
  unpin(adopted);
}

}  // namespace

void begin_thread(ThreadSlot* slot) {
  ThreadSlot* const adopted = this_thread.slot;
  if (adopted != nullptr && cpu_sampling()) end_cpu_timer();
  set_current(slot);
  slot->started_ticks = sys::ticks();
  slot->state.store(ThreadState::running, std::memory_order_release);
  if (adopted != nullptr) let_go_adopted(adopted, slot);
  push_event({slot->started_ticks, event_object(slot), slot->task, 0, 0,
              wire::EventKind::thread_started, 0, 0});
  if (__builtin_expect(cpu_sampling(), 0)) begin_cpu_timer();
}

ThreadSlot* adopt_thread() {
  BusyScope busy;
  if (ThreadSlot* found = take_found_thread(sys::tid())) {
    this_thread.task = found->task;
    set_current(found);
    found->flags.fetch_and(~wire::kThreadFound, std::memory_order_relaxed);
    if (__builtin_expect(cpu_sampling(), 0)) begin_cpu_timer();
    return found;
  }
  ThreadSlot* slot = claim_slot(1);
  if (slot == nullptr) {
    this_thread.gone = true;  // do not try again at every hook
    return nullptr;
  }
  const uint32_t unseen =
      recording.header->preload_origin != 0 ? uint32_t{wire::kThreadHeldUnseen} : 0;
  slot->flags.store(wire::kThreadAdopted | unseen, std::memory_order_relaxed);
  slot->creator = 0;
  begin_thread(slot);
  return slot;
}

// Reads another thread's TLS word, which that thread writes once: for ThreadSanitizer a race.
__attribute__((no_sanitize("thread"))) ThreadSlot* slot_of(pthread_t thread) {
  // Initial-exec TLS lies at one offset from every thread's pointer, which is its pthread_t.
  const auto offset =
      reinterpret_cast<char*>(&this_thread.slot) - static_cast<char*>(__builtin_thread_pointer());
  auto* word = reinterpret_cast<ThreadSlot* volatile*>(reinterpret_cast<char*>(thread) + offset);
  for (int attempt = 0; attempt < 2000; ++attempt) {
    ThreadSlot* const own = *word;
    // One that was adopted may be on its way to the routine that gives it the slot made for it.
    constexpr uint32_t kWhich = wire::kThreadAdopted | wire::kThreadMain | wire::kThreadFound;
    if (own != nullptr &&
        (own->flags.load(std::memory_order_relaxed) & kWhich) != wire::kThreadAdopted)
      return own;
    const uint64_t used = entries_used<ThreadSlot>(SectionKind::threads);
    bool starting = false;
    for (uint64_t i = 0; i < used && attempt % 100 == 0; ++i) {
      ThreadSlot& slot = recording.threads[i];
      const auto state = slot.state.load(std::memory_order_acquire);
      if (state == ThreadState::free || &slot == own) continue;
      if (slot.pthread.load(std::memory_order_relaxed) == thread && state != ThreadState::ended)
        return &slot;
      starting |= state == ThreadState::claimed || state == ThreadState::created;
    }
    if (own != nullptr || (attempt % 100 == 0 && !starting)) break;
    sys::call(SYS_sched_yield);
  }
  return *word;  // it may have begun and ended while we looked for it
}

namespace {

bool start_slots() {
  if (!make_slots()) return false;
  have_exit_key = pthread_key_create(&exit_key, on_thread_exit) == 0;
  return true;
}

// It may hold locks that it took before.
bool add_found_thread(int32_t tid, bool main) {
  ThreadSlot* slot = claim_slot(main ? 2 : 1);
  if (slot == nullptr) return false;
  slot->flags.store(wire::kThreadAdopted | wire::kThreadFound | wire::kThreadHeldUnseen |
                        (main ? uint32_t{wire::kThreadMain} : 0),
                    std::memory_order_relaxed);
  slot->creator = 0;
  slot->tid.store(tid, std::memory_order_relaxed);
  slot->started_ticks = slot->created_ticks;
  keep_found_thread(tid, slot);
  slot->state.store(ThreadState::running, std::memory_order_release);
  return true;
}

ThreadSlot* slot_of_tid(int32_t tid) {
  const uint64_t used = entries_used<ThreadSlot>(SectionKind::threads);
  for (uint64_t i = 0; i < used; ++i) {
    ThreadSlot& slot = recording.threads[i];
    if (slot.state.load(std::memory_order_acquire) == ThreadState::running &&
        slot.tid.load(std::memory_order_relaxed) == tid)
      return &slot;
  }
  return nullptr;
}

uint32_t find_threads() {
  const int32_t process = sys::pid(), self = sys::tid();
  uint32_t found = 0;
  forget_ended_found_threads();
  // The main thread first: it is task 1.
  if (slot_of_tid(process) == nullptr && !add_found_thread(process, true)) return 0;
  each_thread_of_this_process([&](int32_t tid) {
    if (tid == self) return;
    ++found;
    if (tid != process && slot_of_tid(tid) == nullptr) add_found_thread(tid, false);
  });
  return found;
}

bool is_alive(int32_t tid) {
  constexpr long kNoSuchThread = -3;
  return tid <= 0 || sys::call(SYS_tgkill, sys::pid(), tid, 0) != kNoSuchThread;
}

}  // namespace

uint32_t start_threads_late() {
  this_thread.gone = true;
  return start_slots() ? find_threads() : 0;
}

uint32_t find_threads_again() {
  this_thread.gone = true;
  const uint64_t used = entries_used<ThreadSlot>(SectionKind::threads);
  for (uint64_t i = 0; i < used; ++i) {
    ThreadSlot& slot = recording.threads[i];
    const ThreadState state = slot.state.load(std::memory_order_acquire);
    if (state == ThreadState::free) continue;
    slot.held_count.store(0, std::memory_order_relaxed);
    slot.flags.fetch_or(wire::kThreadHeldUnseen, std::memory_order_relaxed);
    const bool running = state == ThreadState::running;
    if (running && is_alive(slot.tid.load(std::memory_order_relaxed))) continue;
    slot.state.store(ThreadState::ended, std::memory_order_release);
    // Whether somebody joined it meanwhile was not seen: it is not held against anybody.
    if (running) unpin(&slot);
    release_handle(&slot, wire::kThreadJoined);
  }
  return find_threads();
}

void start_threads() {
  if (!start_slots()) return;
  ThreadSlot* slot = claim_slot(2);
  if (slot == nullptr) return;
  slot->flags.store(wire::kThreadMain, std::memory_order_relaxed);
  this_thread.task = slot->task;
  begin_thread(slot);
  one_thread.store(__libc_single_threaded != 0, std::memory_order_relaxed);
  slot->created_ticks = slot->started_ticks;
  recording_is_on.store(options.record, std::memory_order_release);
}

void restart_threads_after_fork() {
  // Only the forking thread lives on; the others' slots describe threads of the parent.
  const uint64_t used = entries_used<ThreadSlot>(SectionKind::threads);
  for (uint64_t i = 0; i < used; ++i) {
    ThreadSlot& slot = recording.threads[i];
    if (&slot == this_thread.slot ||
        slot.state.load(std::memory_order_relaxed) == ThreadState::free)
      continue;
    slot.held_count.store(0, std::memory_order_relaxed);
    free_slot(&slot);
  }
  if (this_thread.slot == nullptr) return;
  this_thread.tid = sys::tid();
  this_thread.slot->tid.store(this_thread.tid, std::memory_order_relaxed);
  this_thread.slot->flags.fetch_or(wire::kThreadMain, std::memory_order_relaxed);
}

bool left_by_jump() {
  uint64_t sp;
  asm volatile("mov %%rsp, %0" : "=r"(sp));
  ThisThread& self = this_thread;
  const uint64_t busy_sp = BusyScope::turned_back(self.busy_sp);
  // A handler that interrupted the tracker runs below it, or on a stack of its own.
  if (sp <= busy_sp || stack_high_of(sp) == 0 || stack_high_of(busy_sp) == 0) return false;
  stack_t signal_stack{};
  if (sys::call(SYS_sigaltstack, 0, sys::as_long(&signal_stack)) != 0 ||
      (signal_stack.ss_flags & SS_ONSTACK) != 0)
    return false;
  self.busy = 0;
  return true;
}

void leaving_for(uint64_t sp) {
  ThisThread& self = this_thread;
  const uint64_t busy_sp = BusyScope::turned_back(self.busy_sp);
  if (sp > busy_sp && stack_high_of(sp) != 0 && stack_high_of(busy_sp) != 0) self.busy = 0;
}

TRACK_HOT_CODE uint32_t capture_stack(const Registers& registers) {
  BusyScope busy;
  ThreadPrivate* own = this_thread.own;
  if (own == nullptr) {
    own = static_cast<ThreadPrivate*>(private_blocks.take());
    if (own == nullptr) {
      count(lost().stacks);
      return 0;
    }
    // A recycled block: its stacks seen are as good for this thread, its walks are not.
    own->replay.size = 0;
    own->replay.generation = 0;
    this_thread.own = own;
  }
  const uint64_t high = stack_high_of(registers.sp);
  if (const uint32_t stack = known_stack(own->known, registers, high)) {
    this_thread.next_stack = own->known.guess;
    return stack;
  }
  const Captured stack = capture(own->replay, registers, high, 0);
  auto& seen = own->seen[stack.hash >> 57];
  if (seen.hash != stack.hash) {
    seen.hash = 0;  // a handler may jump out between the two
    std::atomic_signal_fence(std::memory_order_seq_cst);
    seen.stack =
        intern_stack(stack.hash, stack.frames_outermost_first, stack.depth, stack.truncated);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    seen.hash = stack.hash;
  }
  if (seen.stack != 0) know_stack(own->known, own->replay, registers, seen.stack);
  return seen.stack;
}

TRACK_HOT_CODE RememberedCost* remembered_cost(uint32_t stack) {
  const ThreadPrivate* own = this_thread.own;
  if (own == nullptr) return nullptr;
  KnownStack* last = own->known.last;
  return last != nullptr && last->stack == stack ? &last->cost : nullptr;
}

}  // namespace track::core
