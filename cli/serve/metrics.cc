#include "cli/serve/metrics.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "cli/model/error.h"
#include "cli/model/lock_cost.h"
#include "cli/process/tracker_cost.h"
#include "cli/serve/markup.h"

#ifndef TRACK_VERSION
#define TRACK_VERSION "0"
#endif

namespace track::serve {
namespace {

using Labels = MetricText::Labels;

constexpr size_t kMostNames = 100;  // of threads; then they are one
constexpr size_t kMostSites = 20;   // of locks
constexpr std::chrono::seconds kScrapeAge{1};
constexpr int64_t kJudgeShare = 50;  // of the time at most one part in so many goes into judging
constexpr std::chrono::seconds kJudgeAge{30};

double seconds(uint64_t ns) {
  return static_cast<double>(ns) / 1e9;
}
double value_of(uint64_t count) {
  return static_cast<double>(count);
}

uint64_t resident_bytes() {
  uint64_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

std::string state_of(const Thread& thread) {
  return thread.state == TaskState::blocked ? wait_kind_name(thread.wait.kind)
                                            : task_state_name(thread.state);
}

// Everything of one process.
class Writer {
 public:
  Writer(MetricText& text, Labels labels) : text_(text), common_(std::move(labels)) {}

  void gauge(const char* name, const char* help, double value, const Labels& labels = {}) {
    add(name, "gauge", help, value, labels);
  }
  void counter(const char* name, const char* help, double value, const Labels& labels = {}) {
    add(name, "counter", help, value, labels);
  }

  void tasks(const Trace& trace);
  void memory(const Trace& trace);
  void waits(const Loaded& loaded);
  void tracker(const Trace& trace);
  void findings(const std::vector<Loaded>& judged);

 private:
  void add(const char* name, const char* type, const char* help, double value, Labels labels) {
    labels.insert(labels.begin(), common_.begin(), common_.end());
    text_.add(name, type, help, labels, value);
  }

  MetricText& text_;
  const Labels common_;
};

void Writer::tasks(const Trace& trace) {
  std::map<std::string, std::map<std::string, uint64_t>> threads;
  uint64_t live = 0;
  for (const Thread& thread : trace.threads) {
    const bool ended = thread.state == TaskState::ended;
    live += !ended;
    const std::string name = thread.main ? "main" : thread.name;
    const bool room = threads.size() < kMostNames || threads.count(name) != 0;
    ++threads[room ? name : "(other)"][ended ? "ended, not joined" : state_of(thread)];
  }
  gauge("process_threads", "Threads that live.", value_of(live));
  for (const auto& [name, states] : threads)
    for (const auto& [state, count] : states)
      gauge("cxx_threads", "Threads by name and by what they do or wait for.", value_of(count),
            {{"name", name}, {"state", state}});
  counter("cxx_threads_created_total", "Threads created since recording began.",
          value_of(trace.threads_created));
  std::map<std::string, uint64_t> coroutines{{"running", 0}, {"suspended", 0}, {"done", 0}}, fibers;
  uint64_t oldest = 0;
  for (const Coroutine& coroutine : trace.coroutines) {
    ++coroutines[task_state_name(coroutine.state)];
    if (coroutine.state == TaskState::suspended && coroutine.created_ns != 0 &&
        trace.taken_ns > coroutine.created_ns)
      oldest = std::max(oldest, trace.taken_ns - coroutine.created_ns);
  }
  for (const Fiber& fiber : trace.fibers) ++fibers[task_state_name(fiber.state)];
  for (const auto& [state, count] : coroutines)
    gauge("cxx_coroutines", "Coroutine frames that live, by state.", value_of(count),
          {{"state", state}});
  counter("cxx_coroutines_created_total", "Coroutine frames created since recording began.",
          value_of(trace.coroutines_created));
  counter("cxx_coroutines_destroyed_total", "Coroutine frames destroyed since recording began.",
          value_of(trace.coroutines_destroyed));
  gauge("cxx_coroutine_oldest_suspended_seconds",
        "Age of the oldest coroutine that is suspended now; 0: none, or not known.",
        seconds(oldest));
  for (const auto& [state, count] : fibers)
    gauge("cxx_fibers", "Fibers that live, by state.", value_of(count), {{"state", state}});
  counter("cxx_fibers_created_total", "Fibers created since recording began.",
          value_of(trace.fibers_created));
}

void Writer::memory(const Trace& trace) {
  if (trace.heap.record != HeapRecord::kept && trace.heap.record != HeapRecord::sampled) return;
  const char* sort = trace.heap.record == HeapRecord::kept ? "exact" : "sampled";
  gauge("cxx_heap_blocks", "Blocks of the heap in use.", value_of(trace.heap.blocks),
        {{"record", sort}});
  gauge("cxx_heap_bytes", "Bytes of the heap in use.", value_of(trace.heap.bytes),
        {{"record", sort}});
}

void Writer::waits(const Loaded& loaded) {
  const Trace& trace = loaded.report.trace;
  uint64_t waits = 0;
  std::map<std::string, uint64_t> sites;
  for (const Contention& cost : trace.contention) {
    if (cost.role != ContentionRole::waiter || !owned_lock(cost.kind)) continue;
    waits += cost.count;
    std::string site = where_text(trace, loaded.report.symbols, cost.stack);
    // An address in place of a name is another one in each process.
    if (site.empty() || site.starts_with("0x")) site = "(unknown)";
    sites[site] += cost.total_ns;
  }
  counter("cxx_lock_contentions_total", "Waits for locks that ended.", value_of(waits));
  std::vector<std::pair<uint64_t, std::string>> most;
  for (const auto& [site, ns] : sites) most.emplace_back(ns, site);
  std::sort(most.rbegin(), most.rend());
  for (size_t i = kMostSites + 1; i < most.size(); ++i) most[kMostSites].first += most[i].first;
  if (most.size() > kMostSites) {
    most.resize(kMostSites + 1);
    most.back().second = "(other)";
  }
  for (const auto& [ns, site] : most)
    counter("cxx_lock_wait_seconds_total",
            "Time that threads waited for locks, by where they waited; the places that cost most.",
            seconds(ns), {{"site", site}});
}

void Writer::tracker(const Trace& trace) {
  uint64_t dropped = 0;
  for (const char* kind : {"events", "tasks", "coroutines", "stacks", "modules", "held", "waits",
                           "memory", "joins", "fibers"}) {
    const auto known = trace.lost.find(kind);
    const uint64_t lost = known == trace.lost.end() ? 0 : known->second;
    dropped += lost;
    counter("cxx_tracker_lost_total", "What could not be recorded, by kind.", value_of(lost),
            {{"kind", kind}});
  }
  counter("cxx_tracker_dropped_events_total", "What could not be recorded, in all.",
          value_of(dropped));
  gauge("cxx_tracker_recording", "1: the process records; 0: it is seen from outside only.",
        trace.prepared && trace.recording ? 1 : 0);
  if (!trace.prepared) return;
  if (const auto cost = process::tracker_cost(trace.pid, trace.tracker)) {
    const char* help = "Memory of the process that the tracker takes, in pages that are there.";
    gauge("cxx_tracker_memory_bytes", help, value_of(cost->recording_resident_bytes),
          {{"part", "recording"}});
    gauge("cxx_tracker_recording_bytes",
          "Bytes that the recording may grow to; nearly all of it is a hole in its file.",
          value_of(cost->recording_bytes));
    gauge("cxx_tracker_memory_bytes", help, value_of(cost->own_resident_bytes), {{"part", "own"}});
  }
}

void Writer::findings(const std::vector<Loaded>& judged) {
  std::map<std::string, uint64_t> leaked{{"thread", 0}, {"coroutine", 0}, {"fiber", 0}};
  std::map<std::pair<std::string, std::string>, uint64_t> rules;
  for (const Loaded& loaded : judged)
    for (const Finding& finding : loaded.report.findings) {
      if (!finding.suppressed_by.empty()) continue;
      rules[{rule_name(finding.rule), evidence_name(finding.evidence)}] += 1;
      if (is_of_memory(finding.rule) || finding.evidence == Evidence::suspected) continue;
      const TaskKind kind = finding.tasks.empty() ? TaskKind::thread : finding.tasks.front().kind;
      leaked[task_kind_name(kind)] += finding.count;
    }
  for (const auto& [kind, count] : leaked)
    gauge("cxx_tasks_leaked", "Tasks of findings that are likely or proved.", value_of(count),
          {{"kind", kind}});
  for (const auto& [rule, count] : rules)
    gauge("cxx_findings", "Findings, by rule and evidence.", value_of(count),
          {{"rule", rule.first}, {"evidence", rule.second}});
}

void write_target(MetricText& text, Served& served, bool labelled) {
  Target& target = served.target;
  const TargetName& name = target.name();
  Labels labels;
  if (labelled) labels = {{"program", name.program}, {"pid", std::to_string(name.pid)}};
  Writer writer(text, labels);
  bool up = true;
  try {
    // The two looks of a scrape that overlap with another's are shared with it.
    const auto look = target.look(Needs::waits, kScrapeAge);
    if (look->processes.size() == 1) {
      const Loaded& loaded = look->processes.front();
      const Trace& trace = loaded.report.trace;
      up = trace.end == ProcessEnd::alive;
      writer.tasks(trace);
      writer.memory(trace);
      writer.waits(loaded);
      writer.tracker(trace);
    }
    const auto age = std::max<std::chrono::nanoseconds>(
        kJudgeAge, kJudgeShare * target.last_cost(Needs::findings));
    const auto judged = target.look(Needs::findings, age);
    writer.findings(judged->processes);
    writer.counter("cxx_deadlocks_detected_total",
                   "Deadlocks found since this server began to look.",
                   value_of(served.deadlocks.seen(judged->processes)));
  } catch (const Error&) {
    up = false;
  }
  writer.gauge("cxx_target_up", "1: the process runs and was read.", up ? 1 : 0);
  writer.counter("cxx_tracker_overhead_seconds_total",
                 "Processor time that this server spent on reading the process; what libtrack.so "
                 "takes inside of it is not in it.",
                 std::chrono::duration<double>(target.cost()).count());
  for (const auto& [needs, what] : {std::pair{Needs::tasks, "tasks"},
                                    {Needs::memory, "memory"},
                                    {Needs::waits, "waits"},
                                    {Needs::findings, "findings"}}) {
    writer.counter("cxx_tracker_looks_total", "Looks of this server at the process, by what for.",
                   value_of(target.looks_taken(needs)), {{"look", what}});
    writer.gauge("cxx_tracker_last_look_seconds", "Processor time that the last such look took.",
                 std::chrono::duration<double>(target.last_cost(needs)).count(), {{"look", what}});
    writer.gauge("cxx_tracker_look_kept",
                 "1: it is kept for who asks next; 0: none was taken, or it is forgotten.",
                 target.keeps(needs) ? 1 : 0, {{"look", what}});
  }
}

}  // namespace

uint64_t SeenDeadlocks::seen(const std::vector<Loaded>& judged) {
  const std::lock_guard hold(mutex_);
  for (const Loaded& loaded : judged)
    for (const Finding& finding : loaded.report.findings)
      if (finding.rule == Rule::deadlock && finding.suppressed_by.empty())
        known_.insert(finding.fingerprint);
  return known_.size();
}

void MetricText::add(const std::string& name, const char* type, const char* help,
                     const Labels& labels, double value) {
  auto family = std::find_if(families_.begin(), families_.end(),
                             [&](const Family& known) { return known.name == name; });
  if (family == families_.end()) {
    families_.push_back(
        {name, fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type), ""});
    family = families_.end() - 1;
  }
  std::string inside;
  for (const auto& [key, text] : labels)
    inside += fmt::format("{}{}=\"{}\"", inside.empty() ? "" : ",", key, escaped_label(text));
  family->samples += name;
  if (!inside.empty()) family->samples += "{" + inside + "}";
  const bool whole = std::abs(value) < 1e15 && value == std::floor(value);
  family->samples +=
      whole ? fmt::format(" {}\n", static_cast<int64_t>(value)) : fmt::format(" {}\n", value);
}

std::string MetricText::take() {
  std::string text;
  for (const Family& family : families_) text += family.head + family.samples;
  return text;
}

Reply metrics_reply(const std::vector<std::shared_ptr<Served>>& targets) {
  MetricText text;
  text.add("cxx_tracker_info", "gauge", "Which track this is.", {{"version", TRACK_VERSION}}, 1);
  text.add("cxx_tracker_reader_memory_bytes", "gauge",
           "Memory of this server, in pages that are there.", {}, value_of(resident_bytes()));
  text.add("cxx_tracker_reader_seconds_total", "counter",
           "Processor time of this server, whatever for.", {},
           std::chrono::duration<double>(processor_time()).count());
  const bool labelled = targets.size() != 1;
  for (const auto& served : targets) write_target(text, *served, labelled);
  Reply reply;
  reply.type = "text/plain; version=0.0.4; charset=utf-8";
  reply.body = text.take();
  return reply;
}

}  // namespace track::serve
