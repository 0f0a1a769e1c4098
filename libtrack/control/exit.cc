#include "libtrack/control/exit.h"

#include "libtrack/capture/coroutines.h"
#include "libtrack/control/attach.h"
#include "libtrack/core/cpu_sampler.h"
#include "libtrack/core/family.h"
#include "libtrack/core/options.h"
#include "libtrack/core/recording.h"
#include "libtrack/core/recording_copy.h"
#include "libtrack/core/ring.h"
#include "libtrack/core/stacks.h"
#include "libtrack/core/sys.h"
#include "libtrack/core/thread_state.h"

namespace track::control {
namespace {

using core::recording;
using wire::EndReason;

std::atomic<bool> ending{false};
std::atomic<bool> over{false};

bool reader_alive(int32_t pid) {
  return pid > 0 && sys::call(SYS_kill, pid, 0) != -3;  // ESRCH
}

// Waits while the word keeps the value, at most the limit; false = time is up.
bool wait_while(std::atomic<uint32_t>& word, uint32_t value, uint32_t limit_ms) {
  const uint64_t deadline = sys::monotonic_ns() + uint64_t{limit_ms} * 1000000;
  while (word.load(std::memory_order_acquire) == value) {
    const uint64_t now = sys::monotonic_ns();
    if (now >= deadline) return false;
    sys::futex_wait(&word, value, deadline - now);
  }
  return true;
}

// What a reader asks for, within what the options allow.
uint32_t limit_ms(const std::atomic<uint32_t>& asked, uint64_t most) {
  const uint32_t ms = asked.load(std::memory_order_relaxed);
  return ms < most ? ms : static_cast<uint32_t>(most);
}

// Handshake with the parent `track`: waiting -> taken -> released.
void pause_for_reader() {
  wire::Control& control = recording.header->control;
  if (recording.path[0] == 0) return;  // a recording without a file: nobody can look
  if (sys::filtered.load(std::memory_order_relaxed)) return;  // no way to wait
  if (control.pause_at_exit.load(std::memory_order_acquire) == 0) return;
  if (!reader_alive(control.reader_pid.load(std::memory_order_relaxed))) return;
  control.exit_word.store(wire::kExitWaiting, std::memory_order_release);
  sys::futex_wake(&control.exit_word);
  if (!wait_while(control.exit_word, wire::kExitWaiting,
                  limit_ms(control.take_limit_ms, core::options.take_ms))) {
    uint32_t waiting = wire::kExitWaiting;
    if (control.exit_word.compare_exchange_strong(waiting, wire::kExitReleased)) return;
  }
  wait_while(control.exit_word, wire::kExitTaken,
             limit_ms(control.hold_limit_ms, core::options.hold_ms));
  control.exit_word.store(wire::kExitReleased, std::memory_order_release);
}

}  // namespace

namespace {
// A vfork child shares our memory, but is not the process that is recorded.
bool is_recorded_process() {
  return core::recording_is_ours() &&
         (sys::filtered.load(std::memory_order_relaxed) || recording.pid == sys::pid());
}

// What functions that have returned left below us would look like references to whoever looks at
// this stack while we pause: the frames that come now are to lie on cleared memory.
[[gnu::noinline]] void clear_stack_below() {
  volatile uint64_t below[192];
  for (volatile uint64_t& word : below) word = 0;
}

// Of a fork child that neither waited nor made a thread: it may have worked (CPU samples),
// allocated, or leave coroutines and fibers behind.
bool worth_a_file() {
  if (core::cpu_sampled() || core::wants_blocks(core::options) ||
      core::wanted_sample_period(core::options) != 0)
    return true;
  const wire::Counters& counters = core::counters();
  if (counters.fibers_created.load() != counters.fibers_gone.load()) return true;
  const wire::ThreadSlot* slot = core::this_thread.slot;
  return slot != nullptr && slot->coroutines_created.load() != slot->coroutines_destroyed.load();
}

// Once; nothing when it is ending already.
[[gnu::noinline]] void end_process(EndReason reason, int exit_code) {
  if (ending.exchange(true)) return;
  wire::Header& header = *recording.header;
  capture::settle_pending();
  core::BusyScope busy;
  if (core::forked_recording_unpublished() && worth_a_file()) core::publish_forked_recording();
  core::tell_unrecorded_processes();
  core::count_unfinished_stack();
  header.exit_code.store(exit_code, std::memory_order_relaxed);
  header.exit_task.store(core::this_thread.task, std::memory_order_relaxed);
  header.end_reason.store(reason, std::memory_order_relaxed);
  header.state.store(wire::ProcessState::exiting, std::memory_order_release);
  const uint64_t now = sys::ticks();
  core::push_event({now, static_cast<uint64_t>(exit_code), core::this_thread.task, 0, 0,
                    wire::EventKind::process_exiting, static_cast<uint8_t>(reason), 0});
  core::refresh_clock(now);
  pause_for_reader();
}

}  // namespace

void process_ending(EndReason reason, int exit_code) {
  if (!is_recorded_process()) return;
  clear_stack_below();
  end_process(reason, exit_code);
  // Also when it was ending already: an atexit handler may call _exit.
  if (reason == EndReason::quick_exit || reason == EndReason::underscore_exit) finish();
}

void finish() {
  // Either we see the recording of an attach that is at work, or it sees that it comes too late.
  over.store(true, std::memory_order_seq_cst);
  await_attach();
  if (!is_recorded_process()) return;
  // libc called exit itself: err(), the last thread's pthread_exit.
  process_ending(EndReason::exit_called, 0);
  recording.header->state.store(wire::ProcessState::ended, std::memory_order_release);
  if (!core::recording_wanted()) core::remove_recording();
}

bool is_over() {
  return over.load(std::memory_order_seq_cst);
}

void forget_ending() {
  ending.store(false);
  over.store(false);
  recording.header->end_reason.store(EndReason::none, std::memory_order_relaxed);
  recording.header->state.store(wire::ProcessState::running, std::memory_order_release);
}

}  // namespace track::control
