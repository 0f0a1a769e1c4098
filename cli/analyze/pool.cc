#include "cli/analyze/pool.h"

#include <algorithm>
#include <string_view>

#include "cli/analyze/retention.h"
#include "cli/model/told_waits.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

constexpr uint64_t kLongWait_ns = 1000000000;  // a pool at work waits for itself now and then

// Not where it is only named: in template arguments, or as what a lambda's function was called
// with.
bool is_member_of(std::string_view function, std::string_view name) {
  const size_t at = function.find(name);
  return at != std::string_view::npos && function.substr(0, at).find_first_of("<(") > at;
}

// Work that was handed over as an object is run: "std::_Function_handler<...>::_M_invoke". The
// loops that wait for such work are not meant: who waits there is free. Nor is how the library
// hands a future its result, which std::async does on a thread of its own.
bool runs_jobs(const Trace& trace, const Symbols& symbols, StackIndex stack) {
  constexpr std::string_view kDispatch[] = {
      "std::_Function_handler<", "std::function<", "std::packaged_task<",
      "asio::detail::scheduler_operation::complete", "coroutine_handle<"};
  for (const StackLine& line : stack_lines(trace, symbols, stack, Prune::tracker))
    for (const std::string_view name : kDispatch)
      if (is_member_of(line.function, name) &&
          line.function.find("__future_base") == std::string::npos)
        return true;
  return false;
}

bool long_waited(const Trace& trace, const Thread& thread) {
  return trace.held_at_exit || trace.gone ||
         (thread.wait.since_ns != 0 && trace.taken_ns > thread.wait.since_ns + kLongWait_ns);
}

bool all_long_waited(const Trace& trace, const std::vector<const Thread*>& threads) {
  return std::all_of(threads.begin(), threads.end(),
                     [&](const Thread* thread) { return long_waited(trace, *thread); });
}

// Of a declared pool the members wait at different places: the same one in every run.
const Thread& sample_of(const ExhaustedPool& pool, const Trace& trace, const Symbols& symbols) {
  if (pool.declared == 0) return *pool.threads->front();
  return **std::min_element(pool.threads->begin(), pool.threads->end(),
                            [&](const Thread* a, const Thread* b) {
                              return where_text(trace, symbols, a->wait.stack) <
                                     where_text(trace, symbols, b->wait.stack);
                            });
}

Finding exhausted_finding(const ExhaustedPool& pool, const Trace& trace, const Symbols& symbols,
                          const Fixpoint& fixpoint) {
  const Thread& sample = sample_of(pool, trace, symbols);
  Finding finding;
  finding.rule = Rule::pool_exhausted;
  finding.evidence = Evidence::suspected;
  finding.count = pool.threads->size();
  finding.created_at = sample.created_at;
  finding.blocked_at = sample.wait.stack;
  for (const Thread* thread : *pool.threads) add_task(finding, trace, *thread);
  const Wait& wait = sample.wait;
  const char* kind = wait_kind_name(wait.kind);
  std::string line = thread_text(sample) + " waits on " + object_text(symbols, kind, wait.object);
  if (wait.since_ns != 0 && trace.taken_ns > wait.since_ns)
    line += " for " + duration_text(trace.taken_ns - wait.since_ns);
  if (const std::string where = where_text(trace, symbols, wait.stack); !where.empty())
    line += ", in " + where;
  finding.because.push_back(line);
  describe_exhausted(finding, pool, trace, symbols);
  finding.because.emplace_back("no more than suspected: others that can go on know the object too");
  if (const auto* path = way_to_object(fixpoint, sample); path != nullptr) {
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
  for (const Thread& thread : trace.threads) {
    if (thread.state == TaskState::ended || thread.kernel == KernelView::gone) continue;
    if (!thread.main) pools_[key_of(thread)].push_back(&thread);
    if (thread.works_for.pool != 0) declared_[thread.works_for.pool].push_back(&thread);
  }
  if (!declared_.empty() && members_seen()) find_declared(waiting);
}

// Whoever could have said that it is a member was heard. A main thread from before is no worker.
bool Pools::members_seen() const {
  if (trace_.lost.count("tasks") != 0 || trace_.lost.count("labels") != 0) return false;
  return !trace_.attached ||
         std::none_of(trace_.threads.begin(), trace_.threads.end(), [](const Thread& thread) {
           return thread.created_at == 0 && !thread.main && thread.works_for.pool == 0 &&
                  thread.state != TaskState::ended && thread.kernel != KernelView::gone;
         });
}

bool Pools::all_wait(const Threads& threads) const {
  return std::all_of(threads.begin(), threads.end(),
                     [&](const Thread* thread) { return waiting_.count(thread) != 0; });
}

void Pools::find_declared(const std::vector<StuckThread>& waiting) {
  for (const StuckThread& stuck : waiting) {
    const Thread* thread = stuck.queued_job == 0 ? nullptr : waiting_thread(trace_, stuck);
    if (thread == nullptr || thread->works_for.pool == 0) continue;
    const Threads& members = declared_[thread->works_for.pool];
    // Who is in no job waits for one: it is free.
    const bool told = std::any_of(members.begin(), members.end(), [](const Thread* member) {
      return member->works_for.tells_jobs;
    });
    const bool in_jobs =
        told ? std::all_of(members.begin(), members.end(),
                           [](const Thread* member) { return member->works_for.jobs != 0; })
             : runs_jobs(trace_, symbols_, thread->wait.stack);
    if (in_jobs && all_wait(members)) jobs_.try_emplace(thread->works_for.pool, stuck.queued_job);
  }
}

std::optional<ExhaustedPool> Pools::exhausted(const Thread& thread, const StuckThread& waiting) {
  if (const uint64_t pool = thread.works_for.pool; pool != 0) {
    const auto job = jobs_.find(pool);
    if (job == jobs_.end()) return std::nullopt;
    return ExhaustedPool{&declared_.at(pool), job->second, pool};
  }
  if (waiting.queued_job == 0 || thread.main || thread.created_at == 0 ||
      !runs_jobs(trace_, symbols_, thread.wait.stack))
    return std::nullopt;
  const Threads& pool = pools_[key_of(thread)];
  if (!all_wait(pool)) return std::nullopt;
  return ExhaustedPool{&pool, waiting.queued_job, 0};
}

Pools::Key Pools::key_of(const Thread& thread) {
  return {places_.of(thread.created_at), thread.start_routine};
}

void describe_exhausted(Finding& finding, const ExhaustedPool& pool, const Trace& trace,
                        const Symbols& symbols) {
  const size_t threads = pool.threads->size();
  const bool one = threads == 1, declared = pool.declared != 0;
  finding.title = (one ? "the only " : "all " + std::to_string(threads) + " ");
  finding.title += std::string(declared ? "worker" : "thread") + (one ? "" : "s");
  std::string not_free = "; no thread made at that place is free to run it";
  if (declared) {
    const std::string& name = pool.threads->front()->works_for.name;
    finding.pool = name.empty() ? "unnamed" : name;
    finding.title += " of pool '" + finding.pool + "'";
    not_free = "; no worker of the pool, as the program declares it, is free to run it";
  } else {
    finding.title += created_in(finding, trace, symbols);
  }
  finding.title += std::string(one ? " waits" : " wait") + " for work that is queued for " +
                   (one ? "itself" : "themselves");
  finding.because.push_back("what the thread's own stack refers to leads to queued work at " +
                            hex_text(pool.job) + ", and that to what it waits for" + not_free);
}

std::vector<Finding> find_exhausted(const Trace& trace, const Symbols& symbols,
                                    const Fixpoint& fixpoint, const std::set<uint32_t>& known) {
  std::vector<Finding> findings;
  Pools pools(trace, symbols, fixpoint.waiting);
  std::set<uint32_t> told = known;
  for (const StuckThread& waiting : fixpoint.waiting) {
    const Thread* thread = waiting_thread(trace, waiting);
    if (thread == nullptr || told.count(thread->id) != 0 || !long_waited(trace, *thread)) continue;
    const auto pool = pools.exhausted(*thread, waiting);
    if (!pool || (pool->declared != 0 && !all_long_waited(trace, *pool->threads))) continue;
    for (const Thread* member : *pool->threads) told.insert(member->id);
    findings.push_back(exhausted_finding(*pool, trace, symbols, fixpoint));
  }
  return findings;
}

}  // namespace track::analyze
