#include "cli/analyze/pool.h"

#include <algorithm>
#include <string_view>

#include "cli/analyze/retention.h"
#include "cli/model/told_waits.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

constexpr uint64_t kLongWait_ns = 1000000000;  // a pool at work waits for itself now and then

// Work that was handed over as an object is run: "std::_Function_handler<...>::_M_invoke". The
// loops that wait for such work are not meant: who waits there is free. Nor is how the library
// hands a future its result, which std::async does on a thread of its own.
bool runs_jobs(const Trace& trace, const Symbols& symbols, StackIndex stack) {
  constexpr std::string_view kDispatch[] = {
      "std::_Function_handler<", "std::function<", "std::packaged_task<",
      "asio::detail::scheduler_operation::complete", "coroutine_handle<"};
  for (const StackLine& line : stack_lines(trace, symbols, stack, Prune::tracker))
    for (const std::string_view name : kDispatch)
      if (line.function.find(name) != std::string::npos &&
          line.function.find("__future_base") == std::string::npos)
        return true;
  return false;
}

bool long_waited(const Trace& trace, const Thread& thread) {
  return trace.held_at_exit || trace.gone ||
         (thread.wait.since_ns != 0 && trace.taken_ns > thread.wait.since_ns + kLongWait_ns);
}

Finding exhausted_finding(const std::vector<const Thread*>& pool, const Trace& trace,
                          const Symbols& symbols, const Fixpoint& fixpoint, uint64_t job) {
  Finding finding;
  finding.rule = Rule::pool_exhausted;
  finding.evidence = Evidence::suspected;
  finding.count = pool.size();
  finding.created_at = pool.front()->created_at;
  finding.blocked_at = pool.front()->wait.stack;
  for (const Thread* thread : pool) add_task(finding, trace, *thread);
  finding.title = exhausted_title(finding, trace, symbols, pool.size());
  const Wait& wait = pool.front()->wait;
  const char* kind = wait_kind_name(wait.kind);
  std::string line =
      thread_text(*pool.front()) + " waits on " + object_text(symbols, kind, wait.object);
  if (wait.since_ns != 0 && trace.taken_ns > wait.since_ns)
    line += " for " + duration_text(trace.taken_ns - wait.since_ns);
  if (const std::string where = where_text(trace, symbols, wait.stack); !where.empty())
    line += ", in " + where;
  finding.because.push_back(line);
  finding.because.push_back(exhausted_reason(job));
  finding.because.emplace_back("no more than suspected: others that can go on know the object too");
  if (const auto* path = way_to_object(fixpoint, *pool.front()); path != nullptr) {
    finding.kept_by = retention_words(*path, trace, symbols);
    if (!only_itself(*path, symbols))
      finding.because.push_back("what it waits on is kept by " + retention_line(finding.kept_by));
  }
  finding.wait_object.kind = kind;
  finding.wait_object.address = wait.object;
  set_ages(finding);
  return finding;
}

}  // namespace

const Thread* waiting_thread(const Trace& trace, const StuckThread& waiting) {
  const auto thread = std::find_if(trace.threads.begin(), trace.threads.end(),
                                   [&](const Thread& t) { return t.id == waiting.id; });
  if (thread == trace.threads.end() || thread->state == TaskState::ended) return nullptr;
  const Wait& wait = waiting.own_wait_told ? thread->wait : seen_wait(*thread);
  return wait.sequence != waiting.sequence || wait.kind == WaitKind::none ? nullptr : &*thread;
}

Pools::Pools(const Trace& trace, const Symbols& symbols, const std::vector<StuckThread>& waiting)
    : trace_(trace), symbols_(symbols), places_(trace, symbols) {
  for (const StuckThread& stuck : waiting)
    if (const Thread* thread = waiting_thread(trace, stuck)) waiting_.insert(thread);
  if (waiting_.empty()) return;
  for (const Thread& thread : trace.threads)
    if (thread.state != TaskState::ended && !thread.main && thread.kernel != KernelView::gone)
      pools_[key_of(thread)].push_back(&thread);
}

const std::vector<const Thread*>* Pools::exhausted(const Thread& thread,
                                                   const StuckThread& waiting) {
  if (waiting.queued_job == 0 || thread.main || thread.created_at == 0 ||
      !runs_jobs(trace_, symbols_, thread.wait.stack))
    return nullptr;
  const std::vector<const Thread*>& pool = pools_[key_of(thread)];
  const bool none_free = std::all_of(
      pool.begin(), pool.end(), [&](const Thread* other) { return waiting_.count(other) != 0; });
  return none_free ? &pool : nullptr;
}

Pools::Key Pools::key_of(const Thread& thread) {
  return {places_.of(thread.created_at), thread.start_routine};
}

std::string exhausted_title(const Finding& finding, const Trace& trace, const Symbols& symbols,
                            size_t threads) {
  const bool one = threads == 1;
  return (one ? "the only thread" : "all " + std::to_string(threads) + " threads") +
         created_in(finding, trace, symbols) + (one ? " waits" : " wait") +
         " for work that is queued for " + (one ? "itself" : "themselves");
}

std::string exhausted_reason(uint64_t job) {
  return "what the thread's own stack refers to leads to queued work at " + hex_text(job) +
         ", and that to what it waits for; no thread made at that place is free to run it";
}

std::vector<Finding> find_exhausted(const Trace& trace, const Symbols& symbols,
                                    const Fixpoint& fixpoint, const std::set<uint32_t>& known) {
  std::vector<Finding> findings;
  Pools pools(trace, symbols, fixpoint.waiting);
  std::set<uint32_t> told = known;
  for (const StuckThread& waiting : fixpoint.waiting) {
    const Thread* thread = waiting_thread(trace, waiting);
    if (thread == nullptr || told.count(thread->id) != 0 || !long_waited(trace, *thread)) continue;
    const std::vector<const Thread*>* pool = pools.exhausted(*thread, waiting);
    if (pool == nullptr) continue;
    for (const Thread* member : *pool) told.insert(member->id);
    findings.push_back(exhausted_finding(*pool, trace, symbols, fixpoint, waiting.queued_job));
  }
  return findings;
}

}  // namespace track::analyze
