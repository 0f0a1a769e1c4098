#include "libtrack/control/fork.h"

#include <pthread.h>

#include "libtrack/capture/allocation_stacks.h"
#include "libtrack/capture/coroutines.h"
#include "libtrack/capture/handoffs.h"
#include "libtrack/capture/locks.h"
#include "libtrack/capture/orders.h"
#include "libtrack/capture/real.h"
#include "libtrack/control/attach.h"
#include "libtrack/control/exit.h"
#include "libtrack/core/block_table.h"
#include "libtrack/core/contention.h"
#include "libtrack/core/cpu_sampler.h"
#include "libtrack/core/heap_level.h"
#include "libtrack/core/mapping_table.h"
#include "libtrack/core/modules.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/recording_copy.h"
#include "libtrack/core/ring.h"
#include "libtrack/core/sample_table.h"
#include "libtrack/core/stacks.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/thread_state.h"

namespace track::control {
namespace {

// Said before the fork: in the child, what would tell is wiped (core::WipedInChildren). Every
// thread that forks says the same.
std::atomic<bool> was_ours{false}, was_on{false};

void in_fork_parent() {
  if (core::recording_is_ours()) core::count(core::counters().forks);
}

}  // namespace

void start_fork_handling() {
  // Blocks not looked at yet are looked at here: the child may not have their memory (DONTFORK).
  pthread_atfork(
      [] {
        capture::settle_pending();
        before_fork();
      },
      in_fork_parent, in_fork_child);
}

void before_fork() {
  was_ours.store(core::recording_is_ours(), std::memory_order_relaxed);
  was_on.store(core::recording_on(), std::memory_order_relaxed);
}

namespace {

void forget_counts(wire::Header& header) {
  // What the parent could not write down is true of the child's memory, too.
  const uint64_t references = header.lost.references.load(std::memory_order_relaxed);
  for (auto* words :
       {reinterpret_cast<uint64_t*>(&header.counters), reinterpret_cast<uint64_t*>(&header.lost)})
    for (size_t i = 0; i < sizeof header.lost / 8; ++i) words[i] = 0;
  header.lost.references.store(references, std::memory_order_relaxed);
  if (wire::ThreadSlot* slot = core::this_thread.slot) {
    slot->coroutines_created.store(0, std::memory_order_relaxed);
    slot->coroutines_destroyed.store(0, std::memory_order_relaxed);
    slot->waits.store(0, std::memory_order_relaxed);
    // Locks that the one who forked holds beyond those listed may be given back, or made anew.
    if (slot->held_lost.exchange(0, std::memory_order_relaxed) != 0)
      slot->flags.fetch_or(wire::kThreadHeldUnseen, std::memory_order_relaxed);
  }
}

static_assert(sizeof(wire::Lost) == sizeof(wire::Counters));

}  // namespace

void forget_the_past(bool keep_coroutines) {
  core::restart_modules_after_fork();
  core::restart_block_table_after_fork();
  core::restart_heap_level_after_fork();
  core::restart_sample_table_after_fork();
  core::restart_mapping_table_after_fork();
  capture::restart_allocation_stacks_after_fork();
  core::restart_contention_after_fork();
  capture::restart_handoffs_after_fork();
  capture::restart_orders_after_fork();
  capture::restart_coroutines_after_fork(keep_coroutines);
  forget_counts(*core::recording.header);
  core::restart_rings_after_fork();
}

void in_fork_child() {
  if (attach_at_work()) break_off_attach();
  if (!was_ours.load(std::memory_order_relaxed)) return;
  // The parent's coroutines are the parent's to tell about. They stay only when a signal handler
  // forks in the midst of our own code, which may be at work on their table and goes on with it.
  const bool keep_coroutines = core::inside_tracker();
  core::BusyScope busy;
  const uint32_t parent_task = core::this_thread.task;
  const int32_t parent = core::recording.pid;
  if (!core::copy_recording_after_fork(keep_coroutines)) {
    core::this_thread.locks = nullptr;
    core::this_thread.since = nullptr;
    return;
  }
  wire::Header& header = *core::recording.header;
  header.pid = core::recording.pid = sys::pid();
  header.parent_pid = parent;
  header.fork_parent_task = parent_task;
  header.start_realtime_ns = sys::realtime_ns();
  header.execs.store(0, std::memory_order_relaxed);
  forget_ending();
  header.control.exit_word.store(wire::kExitNone, std::memory_order_relaxed);
  core::restart_threads_after_fork();
  if (!keep_coroutines) core::restart_stacks_after_fork();
  forget_the_past(keep_coroutines);
  capture::start_locks(capture::real);
  // Hooked by halves, it would publish a recording and not take it away at its end.
  if (attach_at_work()) return core::let_go_of_forked_recording();
  core::restart_cpu_sampling_after_fork();
  core::recording_is_on.store(was_on.load(std::memory_order_relaxed), std::memory_order_release);
}

}  // namespace track::control
