#include "cli/analyze/growth.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "cli/analyze/group.h"
#include "cli/analyze/trend.h"
#include "cli/model/labels.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

// Over three looks or more: more at each, and by at least this many in all. Over two: at least
// twice as many, and by at least kLeastOfTwo.
constexpr uint64_t kLeastGrowth = 3;
constexpr uint64_t kLeastOfTwo = 10;
// Load that comes and goes has other tasks at each look; a leak keeps the ones it had.
constexpr double kLeastStaying = 0.9;

// Tells one task from all others of its process, at every look.
using Identity = std::pair<uint64_t, uint64_t>;

struct Origin {
  std::vector<std::vector<Identity>> looks;  // who was there; sorted
  Finding finding;                           // of the last look
};
using Origins = std::map<std::string, Origin>;  // by where the tasks come from, in words

// The tasks of one look, sorted by origin.
class Look {
 public:
  Look(Origins& origins, const ProcessReport& process, size_t number, size_t looks)
      : origins_(origins), process_(process), number_(number), looks_(looks) {}

  void add_all() {
    const Trace& trace = process_.trace;
    for (const Thread& thread : trace.threads) {
      if (thread.main || thread.state == TaskState::ended) continue;
      const StackIndex where = thread.wait.stack != 0 ? thread.wait.stack : thread.running_at;
      // Without a recording tasks are numbered anew at each look; the kernel's number stays.
      const uint64_t id = trace.prepared ? thread.id : static_cast<uint64_t>(thread.tid);
      add(thread, {id, 0}, {TaskKind::thread, thread.created_at, where, 0});
    }
    for (const Coroutine& coroutine : trace.coroutines)
      add(coroutine, {coroutine.address, coroutine.created_ticks},
          {TaskKind::coroutine, coroutine.created_at, 0, coroutine.function});
    for (const Fiber& fiber : trace.fibers)
      add(fiber, {fiber.id, 0}, {TaskKind::fiber, fiber.created_at, fiber.suspended_at, 0});
  }

 private:
  struct Key {
    TaskKind kind;
    StackIndex created_at, where;
    uint32_t function;
    auto operator<=>(const Key&) const = default;
  };

  template <class Task>
  void add(const Task& task, Identity identity, const Key& key) {
    Origin& origin = origin_of(key);
    origin.looks[number_].push_back(identity);
    if (number_ + 1 != looks_) return;
    add_task(origin.finding, process_.trace, task);
    if (origin.finding.created_at == 0) origin.finding.created_at = key.created_at;
    if (origin.finding.blocked_at == 0) origin.finding.blocked_at = key.where;
  }

  Origin& origin_of(const Key& key) {
    const auto [entry, fresh] = known_.try_emplace(key, nullptr);
    if (!fresh) return *entry->second;
    const Trace& trace = process_.trace;
    std::string text = std::string(task_kind_name(key.kind)) + "\n";
    if (key.function < trace.functions.size()) text += trace.functions[key.function] + "\n";
    // Where nobody knows who created them, those that stand at one place are alike.
    const StackIndex place = key.created_at != 0 ? key.created_at : key.where;
    for (const StackLine& line : stack_lines(trace, process_.symbols, place, Prune::site))
      text += line_text(line) + "\n";
    if (place < trace.stacks.size())
      text += label_value(trace, trace.stacks[place].labels, kExpectedLabel);
    Origin& origin = origins_[text];
    origin.looks.resize(looks_);
    entry->second = &origin;
    return origin;
  }

  Origins& origins_;
  const ProcessReport& process_;
  size_t number_, looks_;
  std::map<Key, Origin*> known_;
};

// How many of one look's tasks are there at the next, in the worst pair of looks.
double staying(const Origin& origin) {
  double least = 1;
  for (size_t i = 1; i < origin.looks.size(); ++i) {
    const std::vector<Identity>&before = origin.looks[i - 1], &after = origin.looks[i];
    std::vector<Identity> stayed;
    std::set_intersection(before.begin(), before.end(), after.begin(), after.end(),
                          std::back_inserter(stayed));
    if (!before.empty())
      least =
          std::min(least, static_cast<double>(stayed.size()) / static_cast<double>(before.size()));
  }
  return least;
}

bool grows(const Origin& origin) {
  const std::vector<std::vector<Identity>>& looks = origin.looks;
  const uint64_t first = looks.front().size(), last = looks.back().size();
  for (size_t i = 1; i < looks.size(); ++i)
    if (looks[i].size() <= looks[i - 1].size()) return false;
  const bool enough = looks.size() > 2
                          ? last >= first + kLeastGrowth
                          : first != 0 && last >= 2 * first && last >= first + kLeastOfTwo;
  return enough && staying(origin) >= kLeastStaying;
}

void describe(Origin& origin, std::span<const ProcessReport* const> looks) {
  const ProcessReport& process = *looks.back();
  const Trace& trace = process.trace;
  Finding& finding = origin.finding;
  const FindingTask& sample = finding.tasks.front();
  finding.rule = Rule::growing_tasks;
  finding.evidence = Evidence::suspected;
  finding.count = origin.looks.back().size();
  finding.title = count_text(finding.count, task_kind_name(sample.kind));
  if (sample.kind == TaskKind::coroutine && !sample.name.empty())
    finding.title += " of " + short_function(sample.name);
  else
    finding.title += created_in(finding, trace, process.symbols);
  finding.title += ", and they become more";
  std::string counts;
  for (const std::vector<Identity>& look : origin.looks)
    counts += (counts.empty() ? "" : ", ") + grouped(look.size());
  finding.because.push_back("there were " + counts + " of them at " +
                            count_text(looks.size(), "look") + " within " +
                            duration_text(trace.taken_ns - looks.front()->trace.taken_ns));
  std::vector<TrendPoint> points;
  for (size_t i = 0; i < looks.size(); ++i)
    points.push_back({looks[i]->trace.taken_ns, origin.looks[i].size()});
  if (const std::string pace = growth_text(points, grouped); !pace.empty())
    finding.because.push_back(pace);
  finding.because.push_back("those of one look were still there at the next (" +
                            std::to_string(static_cast<int>(staying(origin) * 100)) +
                            " % at least)");
  set_ages(finding);
  finding.fingerprint = fingerprint(finding, trace, process.symbols);
}

}  // namespace

bool same_process(const Trace& a, const Trace& b) {
  return a.pid == b.pid && a.program == b.program && a.prepared == b.prepared &&
         a.start_ns == b.start_ns && a.start_realtime_ns == b.start_realtime_ns;
}

std::vector<Finding> find_growth(std::span<const ProcessReport* const> looks) {
  std::vector<Finding> findings;
  if (looks.size() < 2) return findings;
  Origins origins;
  for (size_t i = 0; i < looks.size(); ++i) Look(origins, *looks[i], i, looks.size()).add_all();
  for (auto& [place, origin] : origins) {
    for (std::vector<Identity>& look : origin.looks) std::sort(look.begin(), look.end());
    if (!grows(origin)) continue;
    describe(origin, looks);
    findings.push_back(std::move(origin.finding));
  }
  return findings;
}

}  // namespace track::analyze
