#include "cli/verbs/hang_page.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "cli/analyze/deadlock.h"
#include "cli/analyze/edge_teller.h"
#include "cli/analyze/wait_graph.h"
#include "cli/model/await_chain.h"
#include "cli/model/error.h"
#include "cli/model/told_waits.h"
#include "cli/model/words.h"
#include "cli/process/locate.h"
#include "cli/verbs/load.h"
#include "cli/verbs/untracked.h"

namespace track::verbs {
namespace {

constexpr size_t kMostGroups = 12;  // of each sort and process: it is to stay one page
constexpr size_t kMostNames = 4;
constexpr size_t kMostReasons = 8;

// Tasks of which the same is to be said, but for their numbers.
struct HangGroup {
  std::string words, created;
  std::vector<std::string> names;
  uint64_t count = 0;
  uint64_t since_ns = 0;  // of the one that waits longest; 0 = not known
  bool main = false;
};

class HangGroups {
 public:
  HangGroup& of(const std::string& words, const std::string& created) {
    const auto [at, fresh] = numbers_.emplace(words + created, groups_.size());
    if (fresh) {
      groups_.emplace_back();
      groups_.back().words = words;
      groups_.back().created = created;
    }
    return groups_[at->second];
  }
  // The main thread's first, then the largest.
  std::vector<HangGroup> take() {
    std::stable_sort(groups_.begin(), groups_.end(), [](const HangGroup& a, const HangGroup& b) {
      return std::tie(a.main, a.count) > std::tie(b.main, b.count);
    });
    return std::move(groups_);
  }

 private:
  std::map<std::string, size_t> numbers_;
  std::vector<HangGroup> groups_;
};

std::string names_text(const HangGroup& group) {
  std::string text;
  for (size_t i = 0; i < std::min(group.names.size(), kMostNames); ++i)
    text += (i == 0 ? "" : ", ") + group.names[i];
  if (group.count > kMostNames) text += " and " + grouped(group.count - kMostNames) + " more";
  return text;
}

void print_groups(write::Page& page, std::vector<HangGroup> groups, uint64_t now_ns) {
  for (size_t i = 0; i < std::min(groups.size(), kMostGroups); ++i) {
    const HangGroup& group = groups[i];
    const bool known = group.since_ns != 0 && now_ns > group.since_ns;
    page.wrapped(names_text(group) + " " + group.words +
                     (known ? ", since " + duration_text(now_ns - group.since_ns) : "") +
                     group.created,
                 1, 3);
  }
  if (groups.size() > kMostGroups)
    page.line(" and " + grouped(groups.size() - kMostGroups) + " more like these");
}

std::string created_text(const ProcessReport& process, StackIndex created_at) {
  const std::string where = where_text(process.trace, process.symbols, created_at);
  return where.empty() ? "" : ", created in " + where;
}

// "waits for mutex 0x.. (accounts), held by thread 3 (..)"; with several holders all of them.
std::string wait_words(const ProcessReport& process, const Wait& wait,
                       const std::vector<analyze::WaitEdge>& edges) {
  const analyze::EdgeTeller teller(process.trace, process.symbols);
  const bool join = wait.kind == WaitKind::join && !edges.empty();
  std::string text = join ? "waits to join " : "waits for " + teller.object(wait);
  for (size_t i = 0; i < std::min(edges.size(), kMostNames); ++i) {
    const std::string owner = thread_text(process.trace.threads[edges[i].owner]);
    if (!join)
      text += i != 0 ? ", " : edges[i].queued_writer ? ", behind the queued writer " : ", held by ";
    text += owner;
    if (edges[i].fiber != 0) text += " (its fiber " + std::to_string(edges[i].fiber) + ")";
  }
  if (wait.timed) text += ", with a time limit";
  return text;
}

std::vector<HangGroup> waiting_threads(const ProcessReport& process) {
  const Trace& trace = process.trace;
  const analyze::WaitGraph graph = analyze::build_wait_graph(trace);
  HangGroups groups;
  for (size_t i = 0; i < trace.threads.size(); ++i) {
    const Thread& thread = trace.threads[i];
    if (thread.state == TaskState::ended) continue;
    std::string words = thread.wait.kind != WaitKind::none
                            ? wait_words(process, thread.wait, graph.edges[i])
                            : "is " + std::string(task_state_name(thread.state));
    const StackIndex at = thread.wait.stack != 0 ? thread.wait.stack : thread.running_at;
    const std::string where = where_text(trace, process.symbols, at);
    if (!where.empty()) words += ", in " + where;
    HangGroup& group = groups.of(words, created_text(process, thread.created_at));
    group.main |= thread.main;
    ++group.count;
    if (group.names.size() < kMostNames) group.names.push_back(thread_text(thread));
    if (thread.wait.kind != WaitKind::none && thread.wait.since_ns != 0 &&
        (group.since_ns == 0 || thread.wait.since_ns < group.since_ns))
      group.since_ns = thread.wait.since_ns;
  }
  return groups.take();
}

std::vector<HangGroup> suspended_coroutines(const ProcessReport& process) {
  const Trace& trace = process.trace;
  HangGroups groups;
  for (const Coroutine& coroutine : trace.coroutines) {
    if (coroutine.state == TaskState::running || coroutine.state == TaskState::done) continue;
    std::string words = "is suspended: " + suspended_text(trace, coroutine);
    if (coroutine.awaits != 0) words += ", and awaits another one";
    if (const std::string told = told_wait_text(trace, process.symbols, coroutine); !told.empty())
      words += ", and waits for " + told;
    HangGroup& group = groups.of(words, created_text(process, coroutine.created_at));
    ++group.count;
    if (group.names.size() < kMostNames)
      group.names.push_back("coroutine " + std::to_string(coroutine.id));
  }
  return groups.take();
}

void print_process(write::Page& page, const ProcessReport& process) {
  const Trace& trace = process.trace;
  page.wrapped(
      "process " + std::to_string(trace.pid) + " (" + base_name(trace.program) +
          "): " + count_text(live_threads(trace), "thread") +
          (trace.coroutines.empty() ? "" : ", " + count_text(trace.coroutines.size(), "coroutine")),
      0, 2, write::Ink::bold);
  const Deadlocks deadlocks = analyze::find_deadlocks(trace, process.symbols);
  for (size_t i = 0; i < std::min(deadlocks.findings.size(), kMostGroups); ++i) {
    const Finding& finding = deadlocks.findings[i];
    page.wrapped((finding.rule == Rule::deadlock ? "cycle: " : "") + finding.title, 0, 2,
                 write::Ink::red);
    for (size_t k = 0; k < std::min(finding.because.size(), kMostReasons); ++k)
      page.wrapped(finding.because[k], 1, 3);
  }
  if (deadlocks.findings.size() > kMostGroups)
    page.line("and " + grouped(deadlocks.findings.size() - kMostGroups) + " more cycles");
  page.line("who waits for what:");
  print_groups(page, waiting_threads(process), trace.taken_ns);
  print_groups(page, suspended_coroutines(process), 0);
  for (const std::string& warning : trace.warnings)
    page.wrapped("damage: " + warning, 0, 2, write::Ink::yellow);
}

// A glance, also at one that records nothing yet, or never will.
Loaded glance(pid_t pid, const SymbolSettings& symbols) {
  return process::find_recording(pid) ? load_live(pid, symbols, false)
                                      : load_untracked(pid, symbols, false);
}

}  // namespace

std::string hang_page(const std::vector<pid_t>& processes, const std::string& why,
                      const SymbolSettings& symbols, const write::TextOptions& options) {
  SymbolSettings quick = symbols;
  quick.pause = quick.memory = quick.heap = quick.contention = quick.history = false;
  quick.watch = {};
  write::Page page(options);
  page.wrapped("HANG: libtrack: " + why, 0, 2, write::Ink::red);
  for (const pid_t pid : processes) {
    try {
      print_process(page, glance(pid, quick).report);
    } catch (const Error& error) {
      page.wrapped("process " + std::to_string(pid) + ": not seen: " + error.what(), 0, 2,
                   write::Ink::yellow);
    }
  }
  page.line();
  return page.take();
}

}  // namespace track::verbs
