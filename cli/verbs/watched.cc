#include "cli/verbs/watched.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "cli/analyze/deadlock.h"
#include "cli/analyze/lock_order.h"
#include "cli/analyze/recycled.h"
#include "cli/model/error.h"
#include "cli/model/told_waits.h"
#include "cli/process/ended_threads.h"
#include "cli/process/fibers.h"
#include "cli/process/live_memory.h"
#include "cli/process/observe.h"
#include "cli/process/running.h"
#include "cli/process/stacks.h"
#include "cli/process/unrecorded.h"
#include "cli/read/blocks.h"
#include "cli/read/clock.h"
#include "cli/read/declared.h"
#include "cli/read/history.h"
#include "cli/read/recording.h"
#include "cli/verbs/names.h"
#include "cli/verbs/prove.h"

namespace track::verbs {
namespace {

// Tasks that would be reported as outliving the process if it ended now.
size_t unfinished(const Trace& trace) {
  return trace.coroutines.size() +
         static_cast<size_t>(
             std::count_if(trace.threads.begin(), trace.threads.end(), [](const Thread& thread) {
               return !thread.main && !thread.adopted && thread.state != TaskState::ended;
             }));
}

void apply_status(Trace& trace, int status) {
  if (status == -1) return;
  if (WIFSIGNALED(status)) {
    if (trace.end != ProcessEnd::aborted) trace.end = ProcessEnd::killed;
    trace.signal = WTERMSIG(status);
  } else if (WIFEXITED(status)) {
    trace.exit_code = WEXITSTATUS(status);
    if (trace.end == ProcessEnd::unknown) trace.end = ProcessEnd::unseen;
  }
}

// Of those without an allocation of their own the record says nothing: all are still there, but for
// such as were elided into a frame that is gone. Both by address.
void add_unrecorded(const std::vector<Coroutine>& seen, std::vector<Coroutine>& known) {
  std::unordered_set<uint64_t> there;
  for (const Coroutine& coroutine : known) there.insert(coroutine.address);
  const Coroutine* outer = nullptr;
  for (const Coroutine& coroutine : seen) {
    if (!coroutine.inside) {
      outer = &coroutine;
      continue;
    }
    if (coroutine.created_ticks != 0) continue;  // the head of a pool's block: that is recorded
    const bool elided = outer != nullptr && coroutine.address < outer->address + outer->size_bytes;
    if (!elided || there.count(outer->address) != 0) known.push_back(coroutine);
  }
}

}  // namespace

Watched::Watched(const std::string& path, pid_t pid, uint64_t born_ns, int event_fd,
                 const SymbolSettings& symbols)
    : path_(path),
      pid_(pid),
      born_ns_(born_ns),
      bytes_(read::Bytes::file(path)),
      symbols_(symbols),
      watch_(std::make_unique<ExitWatch>(path, event_fd)) {
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pidfd_ < 0) set_gone();
}

Watched::~Watched() {
  if (pidfd_ >= 0) close(pidfd_);
}

void Watched::set_gone() {
  if (gone_) return;
  gone_ = true;
  gone_ns_ = read::clock_pair_now().ns;
  watch_.reset();
}

void Watched::remember(const Trace& trace) {
  facts_ = trace;
}

void Watched::look_and_release(std::chrono::nanoseconds settle) {
  const Clock::time_point start = Clock::now();
  try {
    auto pause = std::chrono::milliseconds(1);
    for (;;) {
      const Trace glance = read::read_recording(bytes_, path_, true);
      const auto elapsed = Clock::now() - start;
      if (unfinished(glance) == 0 || elapsed >= settle) break;
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(pause, settle - elapsed));
      pause = std::min(pause * 2, std::chrono::milliseconds(50));
    }
    Trace trace = read::read_recording(bytes_, path_, true);
    ahead_ns_ = static_cast<int64_t>(trace.taken_ns - read::clock_pair_now().ns);
    trace.pid = pid_;
    process::observe_threads(trace);
    process::observe_unpublished(trace);
    process::observe_fibers(trace);
    process::read_lock_words(trace);
    process::read_ended_threads(trace);
    process::add_mapped_modules(trace);
    Names names(trace, symbols_, pid_);
    process::inspect_coroutines(trace, true, names.code_lookup());
    const process::Unrecorded unrecorded(trace, names.code_lookup(), names.has_coroutines());
    process::read_await_points(trace, process::LiveMemory(pid_), names.coroutine_lookup());
    unrecorded.drop_stale(trace);
    process::find_running(trace, names.code_names());
    trace.held_at_exit =
        trace.end == ProcessEnd::main_returned || trace.end == ProcessEnd::exit_called;
    const auto again = [&] {
      Trace later = read::read_recording(bytes_, path_, true);
      if (!process::any_unpublished(trace)) return later;
      later.pid = pid_;
      process::observe_threads(later);
      process::observe_unpublished(later);
      return later;
    };
    fixpoint_ = take_fixpoint(pid_, trace, symbols_,
                              {again, [&] { return read::read_blocks(bytes_); },
                               [&] { return read::read_hidden_references(bytes_); }});
    remember(trace);
  } catch (const Error&) {
    // The process is not held up for our sake; the final record is judged instead.
  }
  released_ = Clock::now();
  fixpoint_.held_ns = 0;  // within the pause
  if (facts_)
    facts_->pause_ns = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(*released_ - start).count());
  if (watch_) watch_->release();
}

void Watched::apply_facts(Trace& trace) const {
  if (!facts_) return;
  const Trace& seen = *facts_;
  trace.pause_ns = seen.pause_ns;
  trace.memory = seen.memory;
  trace.memory_read = seen.memory_read;
  trace.not_visible = seen.not_visible;
  // What static destructors destroyed since.
  trace.told_objects.insert(seen.told_objects.begin(), seen.told_objects.end());
  trace.object_names.insert(seen.object_names.begin(), seen.object_names.end());
  if (seen.modules.size() > trace.modules.size())
    trace.modules.insert(trace.modules.end(),
                         seen.modules.begin() + static_cast<ptrdiff_t>(trace.modules.size()),
                         seen.modules.end());
  std::unordered_map<uint32_t, const Thread*> threads;
  for (const Thread& thread : seen.threads) threads[thread.id] = &thread;
  for (Thread& thread : trace.threads) {
    const auto before = threads.find(thread.id);
    if (before == threads.end()) continue;
    if (thread.name.empty()) thread.name = before->second->name;
    thread.joined = thread.joined || before->second->joined;
    thread.detached = thread.detached || before->second->detached;
    // What the kernel said then still holds if the thread has not moved since.
    const Wait& seen_before = seen_wait(*before->second);
    if (thread.wait.sequence != seen_before.sequence) continue;
    thread.kernel = before->second->kernel;
    // Behind the mutex of its condition: the record has but the wait for that.
    if (thread.wait.kind == WaitKind::condition && seen_before.kind == WaitKind::mutex) {
      const StackIndex stack = thread.wait.stack;
      thread.wait = seen_before;
      thread.wait.stack = stack;
      continue;
    }
    const bool published = thread.wait.kind != WaitKind::none;
    if (published == (seen_before.kind != WaitKind::none)) continue;
    thread.wait = seen_before;
    thread.state = seen_state(*before->second);
    if (published || thread.wait.stack == 0) continue;
    thread.wait.stack = static_cast<StackIndex>(trace.stacks.size());
    trace.stacks.push_back(seen.stacks[seen_before.stack]);
  }
}

// Frames as they were at the pause; one that is new since then has only its record.
void Watched::apply_coroutine_facts(Trace& trace, Names& names) const {
  std::vector<Coroutine> known;
  if (facts_ && facts_->memory_read) {
    trace.functions = facts_->functions;
    trace.await_points = facts_->await_points;
    std::unordered_map<uint64_t, const Coroutine*> frames;
    for (const Coroutine& coroutine : facts_->coroutines) frames[coroutine.address] = &coroutine;
    std::erase_if(trace.coroutines, [&](const Coroutine& coroutine) {
      const auto before = frames.find(coroutine.address);
      if (before == frames.end()) return coroutine.created_ns <= facts_->taken_ns;
      if (before->second->created_ticks != coroutine.created_ticks) return false;
      known.push_back(*before->second);
      if (!known.back().inside) known.back().created_at = coroutine.created_at;
      return true;
    });
    add_unrecorded(facts_->coroutines, known);
  }
  if (facts_) trace.frame_locks = facts_->frame_locks;
  process::inspect_coroutines(trace, false, names.code_lookup());
  std::move(known.begin(), known.end(), std::back_inserter(trace.coroutines));
}

// Where fibers stood at the pause; those that have moved since have no stack.
void Watched::apply_fiber_facts(Trace& trace) const {
  if (!facts_ || !facts_->memory_read) return;
  std::unordered_map<uint32_t, const Fiber*> seen;
  for (const Fiber& fiber : facts_->fibers) seen[fiber.id] = &fiber;
  std::erase_if(trace.fibers, [&](const Fiber& fiber) {
    return seen.count(fiber.id) == 0 && fiber.created_ns <= facts_->taken_ns;
  });
  for (Fiber& fiber : trace.fibers) {
    const auto before = seen.find(fiber.id);
    if (before == seen.end() || before->second->switches != fiber.switches ||
        before->second->suspended_at == 0)
      continue;
    fiber.suspended_at = static_cast<StackIndex>(trace.stacks.size());
    trace.stacks.push_back(facts_->stacks[before->second->suspended_at]);
  }
}

Loaded Watched::judge_now() {
  Loaded loaded = load_live(pid_, symbols_, true);
  fixpoint_ = loaded.fixpoint;
  remember(loaded.report.trace);
  return loaded;
}

Loaded Watched::judge_finally(int status) {
  Loaded loaded;
  Trace& trace = loaded.report.trace;
  trace = read::read_recording(bytes_, path_, false);
  trace.pid = pid_;  // it may have recorded that of a namespace of its own
  trace.gone = gone_;
  if (gone_ns_ != 0)
    trace.taken_ns = std::max(trace.taken_ns, gone_ns_ + static_cast<uint64_t>(ahead_ns_));
  apply_status(trace, status);
  read::read_heap(bytes_, symbols_.heap, trace);
  if (!symbols_.contention) analyze::keep_suspect_orders(trace);
  if (symbols_.history) {
    read::RingTape tape(bytes_);
    tape.read();
    tape.into(trace);
  }
  apply_facts(trace);
  Names names(trace, symbols_, 0);
  apply_coroutine_facts(trace, names);
  apply_fiber_facts(trace);
  use_told_waits(trace);
  loaded.report.symbols = names.resolve(trace);
  analyze::forget_foreign_stacks(trace, loaded.report.symbols);
  loaded.deadlocks = analyze::find_deadlocks(trace, loaded.report.symbols);
  loaded.fixpoint = fixpoint_;
  if (fixpoint_.taken) analyze::doubt_waits(loaded.deadlocks, trace, fixpoint_);
  read::recall_stacks(bytes_, trace, loaded.fixpoint);
  names.name_objects(trace, loaded.fixpoint, loaded.report.symbols);
  return loaded;
}

}  // namespace track::verbs
