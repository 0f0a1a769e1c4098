#include "cli/analyze/growing_waits.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "cli/analyze/group.h"
#include "cli/analyze/trend.h"
#include "cli/analyze/wait_graph.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

constexpr size_t kLeastLooks = 3;
constexpr uint64_t kLeastGrowth = 3;

// One wait of one thread: another one of the same thread has another number.
using Waiting = std::pair<uint32_t, uint32_t>;
using Waiters = std::set<Waiting>;

// Of a condition or a queue's semaphore more and more idle threads may wait, which is no defect.
bool is_lock(WaitKind kind) {
  return kind == WaitKind::mutex || kind == WaitKind::rwlock_read ||
         kind == WaitKind::rwlock_write || kind == WaitKind::spinlock || kind == WaitKind::once;
}

bool waits_for_lock(const Thread& thread) {
  return thread.state == TaskState::blocked && is_lock(thread.wait.kind) && !thread.wait.timed &&
         thread.wait.object != 0;
}

bool grows(const std::vector<Waiters>& looks) {
  for (size_t i = 1; i < looks.size(); ++i)
    if (looks[i].size() <= looks[i - 1].size() ||
        !std::includes(looks[i].begin(), looks[i].end(), looks[i - 1].begin(), looks[i - 1].end()))
      return false;
  return looks.back().size() >= looks.front().size() + kLeastGrowth;
}

Finding describe(uint64_t lock, const std::vector<Waiters>& counts,
                 std::span<const ProcessReport* const> looks) {
  const ProcessReport& process = *looks.back();
  const Trace& trace = process.trace;
  const WaitGraph graph = build_wait_graph(trace);
  Finding finding;
  finding.rule = Rule::growing_tasks;
  finding.evidence = Evidence::suspected;
  finding.count = counts.back().size();
  finding.wait_object.address = lock;
  for (size_t i = 0; i < trace.threads.size(); ++i) {
    const Thread& thread = trace.threads[i];
    if (!waits_for_lock(thread) || thread.wait.object != lock) continue;
    add_task(finding, trace, thread);
    if (finding.wait_object.kind.empty())
      finding.wait_object.kind = wait_kind_name(thread.wait.kind);
    if (finding.wait_object.owner.empty() && !graph.edges[i].empty())
      finding.wait_object.owner = thread_text(trace.threads[graph.edges[i].front().owner]);
    if (finding.blocked_at == 0) finding.blocked_at = thread.wait.stack;
    if (finding.created_at == 0) finding.created_at = thread.created_at;
  }
  const WaitObject& object = finding.wait_object;
  finding.title = count_text(finding.count, "thread") + " wait for " +
                  object_text(process.symbols, object.kind, lock) + ", and they become more";
  std::string amounts;
  std::vector<TrendPoint> points;
  for (size_t i = 0; i < looks.size(); ++i) {
    amounts += (amounts.empty() ? "" : ", ") + grouped(counts[i].size());
    points.push_back({looks[i]->trace.taken_ns, counts[i].size()});
  }
  finding.because.push_back("there were " + amounts + " of them at " +
                            count_text(looks.size(), "look") + " within " +
                            duration_text(trace.taken_ns - looks.front()->trace.taken_ns));
  if (const std::string pace = growth_text(points, grouped); !pace.empty())
    finding.because.push_back(pace);
  finding.because.push_back("none of them got it meanwhile: each is in the wait it was in before");
  if (!object.owner.empty()) finding.because.push_back("it is held by " + object.owner);
  set_ages(finding);
  finding.fingerprint = fingerprint(finding, trace, process.symbols);
  return finding;
}

}  // namespace

std::vector<Finding> find_growing_waits(std::span<const ProcessReport* const> looks) {
  std::vector<Finding> findings;
  const bool recorded = std::all_of(looks.begin(), looks.end(),
                                    [](const ProcessReport* look) { return look->trace.prepared; });
  if (looks.size() < kLeastLooks || !recorded) return findings;
  std::map<uint64_t, std::vector<Waiters>> locks;
  for (size_t i = 0; i < looks.size(); ++i)
    for (const Thread& thread : looks[i]->trace.threads) {
      if (!waits_for_lock(thread)) continue;
      std::vector<Waiters>& waiters = locks[thread.wait.object];
      waiters.resize(looks.size());
      waiters[i].insert({thread.id, thread.wait.sequence});
    }
  for (const auto& [lock, waiters] : locks)
    if (grows(waiters)) findings.push_back(describe(lock, waiters, looks));
  return findings;
}

}  // namespace track::analyze
