#include "cli/serve/target.h"

#include <time.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "cli/analyze/contention.h"
#include "cli/model/error.h"
#include "cli/process/proc.h"
#include "cli/verbs/hang_section.h"
#include "cli/verbs/load.h"
#include "cli/verbs/wait_drawing.h"
#include "cli/write/json.h"
#include "cli/write/view_graph.h"

namespace track::serve {
namespace {

constexpr std::chrono::seconds kKeep{120};
constexpr int kKeepShare = 100;

using Instant = std::pair<int32_t, uint64_t>;
Instant instant_of(const Trace& trace) {
  return {trace.pid, trace.taken_ns};
}

// As `track hang`: only of what keeps tasks from going on.
std::string waits_of(Report& report, const std::map<Instant, Fixpoint>& proofs) {
  std::vector<write::HangSection> sections;
  std::vector<write::ViewGraph> graphs;
  std::vector<std::vector<Finding>> all;
  std::vector<std::string> truncated;
  for (ProcessReport& process : report.processes) {
    all.push_back(process.findings);
    std::erase_if(process.findings, [](const Finding& f) { return !verbs::about_hanging(f.rule); });
    sections.push_back(verbs::hang_section(process, proofs.at(instant_of(process.trace))));
    graphs.push_back(verbs::draw_waits(process, truncated));
  }
  std::string json = write::view_waits(report, sections, graphs);
  for (size_t i = 0; i < all.size(); ++i) report.processes[i].findings = std::move(all[i]);
  return json;
}

void judge(Look& look, const verbs::JudgeSettings& settings) {
  std::map<Instant, Fixpoint> proofs;
  for (const Loaded& loaded : look.processes)
    proofs[instant_of(loaded.report.trace)] = loaded.fixpoint;
  Report report = verbs::make_report(std::move(look.processes), settings);
  look.leaks_json = write::json_report(report);
  look.waits_json = waits_of(report, proofs);
  look.processes.clear();
  for (ProcessReport& process : report.processes)
    look.processes.emplace_back().report = std::move(process);
}

std::mutex& reader() {
  static std::mutex one_at_a_time;
  return one_at_a_time;
}

}  // namespace

std::string end_of(const Look& look) {
  for (const Loaded& loaded : look.processes)
    if (loaded.report.trace.end != ProcessEnd::alive)
      return "it ended: " + process_end_text(loaded.report.trace);
  return {};
}

bool runs(const TargetName& name) {
  return name.live && process::exists(name.pid);
}

std::string how_it_ended(const TargetName& name) {
  std::error_code error;  // who ends with nothing to tell removes its own
  return name.recording.empty() || !std::filesystem::exists(name.recording, error)
             ? "it ended, and left no recording"
             : "it ended; what it recorded: track serve " + name.recording;
}

std::chrono::nanoseconds processor_time() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

Target::Target(TargetName name, const verbs::SymbolSettings& symbols,
               const verbs::JudgeSettings& judge)
    : name_(std::move(name)), symbols_(symbols), judge_(judge) {
  symbols_.pause = false;
}

std::unique_lock<std::mutex> Target::reading() {
  return std::unique_lock(reader());
}

std::shared_ptr<Look> Target::take(Needs needs) {
  auto look = std::make_shared<Look>();
  look->began = Clock::now();
  verbs::SymbolSettings symbols = symbols_;
  symbols.heap = needs == Needs::memory;
  symbols.contention = needs == Needs::waits;
  symbols.schedules = needs == Needs::tasks;
  look->processes = verbs::load_target(name_.target, symbols, needs == Needs::findings, &names_);
  if (needs == Needs::waits)
    for (Loaded& loaded : look->processes)
      std::erase_if(loaded.report.trace.contention,
                    [](const Contention& cost) { return !analyze::synchronizes(cost.kind); });
  if (needs != Needs::findings) return look;
  judge(*look, judge_);
  return look;
}

std::shared_ptr<const Look> Target::look(Needs needs, std::chrono::nanoseconds age) {
  const Clock::time_point wanted = Clock::now() - age;
  const auto fresh = [&]() -> std::shared_ptr<const Look> {
    const std::lock_guard hold(mutex_);
    Kept& kept = looks_[static_cast<size_t>(needs)];
    // A file stays what it is.
    if (!kept.look || (kept.look->began < wanted && name_.live)) return nullptr;
    kept.used = Clock::now();
    return kept.look;
  };
  if (auto known = fresh()) return known;
  const auto alone = reading();
  // Somebody else may have looked while this one stood in line.
  if (auto known = fresh()) return known;
  const auto before = processor_time();
  std::shared_ptr<Look> taken;
  try {
    taken = take(needs);
  } catch (...) {
    add_cost(processor_time() - before);
    if (name_.live && name_.pid != 0 && !process::exists(name_.pid))
      throw Error(how_it_ended(name_));
    throw;
  }
  taken->cost = processor_time() - before;
  add_cost(taken->cost);
  const std::lock_guard hold(mutex_);
  Kept& kept = looks_[static_cast<size_t>(needs)];
  kept = {taken, Clock::now(), taken->cost, kept.taken + 1};
  return taken;
}

std::chrono::nanoseconds Target::last_cost(Needs needs) const {
  const std::lock_guard hold(mutex_);
  return looks_[static_cast<size_t>(needs)].cost;
}

uint64_t Target::looks_taken(Needs needs) const {
  const std::lock_guard hold(mutex_);
  return looks_[static_cast<size_t>(needs)].taken;
}

bool Target::keeps(Needs needs) const {
  const std::lock_guard hold(mutex_);
  return looks_[static_cast<size_t>(needs)].look != nullptr;
}

void Target::forget_unused(Clock::time_point now) {
  bool all = true;
  {
    const std::lock_guard hold(mutex_);
    for (Kept& kept : looks_) {
      // What took long is not to be done again for who asks seldom.
      const auto longest = std::max<Clock::duration>(kKeep, kKeepShare * kept.cost);
      if (kept.look && now - kept.used > longest) kept.look = nullptr;
      all = all && !kept.look;
    }
  }
  if (!all) return;
  // While something is read: the next time.
  if (const std::unique_lock alone(reader(), std::try_to_lock); alone) names_.forget();
}

std::chrono::nanoseconds Target::cost() const {
  const std::lock_guard hold(mutex_);
  return cost_;
}

void Target::add_cost(std::chrono::nanoseconds cost) {
  const std::lock_guard hold(mutex_);
  cost_ += cost;
}

}  // namespace track::serve
