#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "cli/analyze/await_roots.h"
#include "cli/analyze/group.h"
#include "cli/analyze/leaks.h"
#include "cli/analyze/library_workers.h"
#include "cli/analyze/recycled.h"
#include "cli/analyze/retention.h"
#include "cli/analyze/wait_graph.h"
#include "cli/model/told_waits.h"
#include "cli/model/wait_text.h"
#include "cli/model/words.h"

namespace track::analyze {
namespace {

// It ended by its own will: what is left then was meant to be left, or forgotten.
bool ended_itself(const Trace& trace) {
  return trace.end == ProcessEnd::main_returned || trace.end == ProcessEnd::exit_called ||
         trace.end == ProcessEnd::quick_exit || trace.end == ProcessEnd::underscore_exit;
}

// It was ended before it could finish anything: only what waited then is worth a word.
bool cut_short(const Trace& trace) {
  return trace.end == ProcessEnd::aborted || trace.end == ProcessEnd::killed ||
         trace.end == ProcessEnd::timed_out || (trace.end == ProcessEnd::unknown && trace.gone);
}

std::string end_text(const Trace& trace) {
  switch (trace.end) {
    case ProcessEnd::killed:
      return trace.signal != 0 ? signal_text(trace.signal) + " ended the process"
                               : "a signal ended the process";
    case ProcessEnd::unknown:
      return "the process died";
    default:
      return process_end_name(trace.end);
  }
}

// Why waiting means less here than at the end of main.
std::string no_time_text(const Trace& trace) {
  if (!cut_short(trace)) return {};
  if (trace.end == ProcessEnd::unknown)
    return "the record stops in mid-run (killed, or replaced by exec): what waits may have been "
           "about to go on";
  return "the program was cut short: what waits may have been about to go on";
}

// Of a process that did not end in time: what waits for other tasks, main too.
bool waits_inside(const Thread& thread) {
  return thread.state == TaskState::blocked && thread.kernel != KernelView::gone &&
         !thread.wait.timed && thread.wait.object != 0 &&
         ((thread.wait.kind >= WaitKind::mutex && thread.wait.kind <= WaitKind::futex) ||
          is_told(thread.wait.kind));
}

bool outlived(const Trace& trace, const Thread& thread) {
  if (trace.end == ProcessEnd::timed_out) return waits_inside(thread);
  // Whoever calls exit ends with it.
  if (ended_itself(trace) && thread.id == trace.exit_task) return false;
  const bool unfinished = thread.state == TaskState::blocked ||
                          (ended_itself(trace) && (thread.state == TaskState::running ||
                                                   thread.state == TaskState::created));
  return unfinished && !thread.main && !thread.joined && !thread.adopted &&
         thread.kernel != KernelView::gone;
}

// ThreadSanitizer's own, which it never ends.
bool of_sanitizer(const Trace& trace, const Symbols& symbols, const Thread& thread) {
  const auto lines = stack_lines(trace, symbols, thread.created_at, Prune::tracker);
  return !lines.empty() && lines.front().function.starts_with("__sanitizer::internal_start_thread");
}

void describe_threads(Finding& finding, const Trace& trace, const Symbols& symbols,
                      const Thread& sample) {
  const bool one = finding.count == 1;
  std::string doing = one ? "was still running" : "were still running";
  if (sample.wait.kind != WaitKind::none)
    doing = std::string(one ? "was" : "were") + " still blocked (" +
            wait_kind_name(sample.wait.kind) + ")";
  if (sample.state == TaskState::created) doing = "had not run yet";
  finding.title = count_text(finding.count, "thread") + created_in(finding, trace, symbols) + " " +
                  doing + " when " + end_text(trace);
  std::string line =
      "nobody joined " + std::string(one ? "it" : "them") + " before " + end_text(trace);
  if (sample.detached) line = (one ? "it was" : "they were") + std::string(" detached");
  line += std::string(", and ") + (one ? "it" : "they") + " had not ended by then";
  if (trace.end == ProcessEnd::timed_out)
    line = "only another thread could have ended the wait, and none did";
  finding.because.push_back(line);
  if (sample.wait.kind == WaitKind::none) return;
  line = thread_text(sample) + " waits on ";
  line += wait_text(trace, symbols, sample.wait.kind, sample.wait.object);
  if (sample.wait.since_ns != 0 && trace.taken_ns > sample.wait.since_ns)
    line += " for " + duration_text(trace.taken_ns - sample.wait.since_ns);
  const std::string where = where_text(trace, symbols, sample.wait.stack);
  if (!where.empty()) line += ", in " + where;
  finding.because.push_back(line);
  finding.wait_object.kind = wait_kind_name(sample.wait.kind);
  finding.wait_object.address = sample.wait.object;
  const auto known = symbols.objects.find(sample.wait.object);
  if (known != symbols.objects.end()) finding.wait_object.symbol = known->second;
}

void tell_keeper(Finding& finding, const Trace& trace, const Symbols& symbols, const char* what,
                 const std::vector<RetentionStep>* path) {
  if (path == nullptr || path->empty()) return;
  finding.kept_by = retention_words(*path, trace, symbols);
  if (!only_itself(*path, symbols))
    finding.because.push_back(what + retention_line(finding.kept_by));
}

const std::vector<RetentionStep>* way_to_fiber(const Fixpoint* fixpoint, const Fiber& fiber) {
  if (fixpoint == nullptr) return nullptr;
  for (const KeptFiber& kept : fixpoint->kept_fibers)
    if (kept.id == fiber.id && kept.switches == fiber.switches &&
        kept.retention < fixpoint->retentions.size())
      return &fixpoint->retentions[kept.retention];
  return nullptr;
}

// libstdc++ lets who waits for a small atomic (a std::barrier is one) sleep on a word of its own,
// which says nothing of what is waited for.
bool waits_in_library(const Symbols& symbols, const Thread& thread) {
  const auto known = symbols.objects.find(thread.wait.object);
  return thread.wait.kind == WaitKind::futex && known != symbols.objects.end() &&
         known->second.find("__waiter_pool_base") != std::string::npos;
}

// The process ended by itself, and whoever was left waits for another one.
bool all_wait(const Trace& trace) {
  return ended_itself(trace) && trace.exit_task != 0 && trace.complete() &&
         std::all_of(trace.threads.begin(), trace.threads.end(), [&](const Thread& thread) {
           return thread.state == TaskState::ended || thread.id == trace.exit_task ||
                  waits_inside(thread);
         });
}

// Those that sleep so, and whoever waits for a lock or an end of theirs. By task.
std::set<uint32_t> stuck_in_library(const Trace& trace, const Symbols& symbols) {
  std::set<uint32_t> stuck;
  if (!all_wait(trace)) return stuck;
  for (const Thread& thread : trace.threads)
    if (waits_in_library(symbols, thread)) stuck.insert(thread.id);
  if (stuck.empty()) return stuck;
  const WaitGraph graph = build_wait_graph(trace);
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& edges : graph.edges)
      for (const WaitEdge& edge : edges)
        if (stuck.count(trace.threads[edge.owner].id) != 0)
          changed = stuck.insert(trace.threads[edge.waiter].id).second || changed;
  }
  return stuck;
}

std::vector<Finding> outlived_threads(const Trace& trace, const Symbols& symbols,
                                      const Explained& explained) {
  using Key = std::tuple<StackIndex, StackIndex, WaitKind>;
  std::map<Key, Finding> groups;
  std::map<Key, const Thread*> samples;
  Places places(trace, symbols);
  for (const Thread& thread : trace.threads) {
    if (!outlived(trace, thread) || explained.threads.count(thread.id) != 0 ||
        of_sanitizer(trace, symbols, thread) || idle_worker_of_library(trace, symbols, thread))
      continue;
    const StackIndex at = places.of(thread.wait.stack != 0 ? thread.wait.stack : thread.running_at);
    const StackIndex created_at = places.of(thread.created_at);
    const Key key{created_at, at, thread.wait.kind};
    Finding& finding = groups[key];
    finding.count = finding.tasks.empty() ? 1 : finding.count + 1;
    finding.created_at = created_at;
    finding.blocked_at = at;
    add_task(finding, trace, thread);
    samples.emplace(key, &thread);
  }
  const std::set<uint32_t> in_library = stuck_in_library(trace, symbols);
  std::vector<Finding> findings;
  for (auto& [key, finding] : groups) {
    const Thread& sample = *samples.at(key);
    describe_threads(finding, trace, symbols, sample);
    if (in_library.count(sample.id) != 0) {
      finding.rule = Rule::stuck_task;
      finding.because.push_back(
          (waits_in_library(symbols, sample) ? ""
                                             : "who could end that waits in the C++ library; ") +
          std::string("no more than suspected: the C++ library waits on a word of its own, so that "
                      "what is waited for cannot be told; but every other thread waits too, or "
                      "ends the process"));
    } else if (explained.fixpoint != nullptr)
      tell_keeper(finding, trace, symbols, "what it waits on is kept by ",
                  way_to_object(*explained.fixpoint, sample));
    findings.push_back(std::move(finding));
  }
  return findings;
}

struct CoroutineGroup {
  Finding finding;
  FrameCertainty certainty = FrameCertainty::recorded;
  uint64_t doubtful = 0;
  uint64_t done = 0;
  uint64_t running = 0;
  uint64_t told = 0;                    // of by the program itself
  uint32_t on_thread = 0;               // of the first that runs
  uint64_t awaited = 0;                 // frames that these await: counted with them
  std::map<uint32_t, uint64_t> points;  // await point -> how many stand there
  std::map<uint32_t, uint64_t> leaves;  // the same of the last one awaited in their chains
  const Coroutine* sample = nullptr;    // of the first such point
  bool sample_inside = false;
  uint64_t frame_bytes = 0;
  const std::vector<RetentionStep>* kept = nullptr;  // of the first that something keeps
};

// "suspended at a.cc:5 (co_await)", the most frequent places first.
std::string suspended_where(const std::map<uint32_t, uint64_t>& points, const Trace& trace) {
  constexpr size_t kMostPlaces = 3;
  std::map<std::string, uint64_t> places;
  for (const auto& [point, count] : points) {
    const std::string text = await_text(trace, point);
    if (!text.empty() && trace.await_points[point].stage != AwaitStage::final)
      places[text] += count;
  }
  std::vector<std::pair<std::string, uint64_t>> sorted(places.begin(), places.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (size_t i = 0; i < std::min(sorted.size(), kMostPlaces); ++i) {
    text += text.empty() ? "" : ", ";
    if (sorted.size() > 1) text += std::to_string(sorted[i].second) + " ";
    text += sorted[i].first == "not started" ? sorted[i].first : "suspended at " + sorted[i].first;
  }
  if (sorted.size() > kMostPlaces)
    text += ", and suspended at " + count_text(sorted.size() - kMostPlaces, "other place");
  return text;
}

void describe_coroutines(CoroutineGroup& group, const Trace& trace, const Symbols& symbols,
                         const std::string& function) {
  Finding& finding = group.finding;
  const bool one = finding.count == 1;
  const std::string name = function.empty() ? std::string() : " of " + short_function(function);
  const std::string ended = cut_short(trace) ? end_text(trace) : "the process ended";
  finding.title = count_text(finding.count, "coroutine") + name + " " + (one ? "was" : "were") +
                  " still there when " + ended;
  if (function.empty() && finding.created_at != 0)
    finding.title = count_text(finding.count, "coroutine") + created_in(finding, trace, symbols) +
                    " " + (one ? "was" : "were") + " still there when " + ended;
  const std::string its = one ? "its frame" : "their frames";
  const bool frames = !one || group.awaited != 0;
  std::string line = its;
  if (group.awaited != 0)
    line += " and " + std::to_string(group.awaited) + " more that " +
            (one ? "it awaits" : "they await");
  line += " (" + bytes_text(group.frame_bytes) + ") " + (frames ? "were" : "was") +
          " allocated, and not freed before " + ended;
  if (group.sample_inside)
    line = its + " (" + bytes_text(group.frame_bytes) + ") " + (one ? "lies" : "lie") +
           " inside of other memory (a pool's, an arena's, a variable's), and nothing said that " +
           (one ? "it was" : "they were") + " over when " + ended;
  if (group.sample_inside && finding.created_at == 0)
    line += std::string(": where ") + (one ? "it was" : "they were") + " created was not recorded";
  finding.because.push_back(line);
  const std::string where = suspended_where(group.points, trace);
  if (group.done == finding.count)
    finding.because.push_back("finished (at final suspension), but never destroyed");
  else if (group.done == 0 && group.running < finding.count &&
           finding.tasks.front().state != TaskState::unknown)
    finding.because.push_back(where.empty() ? "suspended when " + end_text(trace)
                                            : where + " when " + end_text(trace));
  if (group.running != 0)
    finding.because.push_back((one ? std::string("running")
                               : group.running == finding.count
                                   ? "all running, one of them"
                                   : std::to_string(group.running) + " running, one of them") +
                              " on thread " + std::to_string(group.on_thread) + ", when " +
                              end_text(trace));
  if (const std::string leaf = suspended_where(group.leaves, trace); !leaf.empty())
    finding.because.push_back("what " + std::string(one ? "it awaits" : "they await") + " was " +
                              leaf);
  switch (group.certainty) {
    case FrameCertainty::known:
      if (group.told == finding.count) {
        finding.because.push_back("the program told of " + std::string(one ? "it" : "them") +
                                  " (track/coroutine.h), and of no end");
        break;
      }
      finding.because.push_back("the head of " + its +
                                " held the resume and destroy functions of a coroutine");
      break;
    case FrameCertainty::pair:
    case FrameCertainty::structural:
    case FrameCertainty::shaped:
      finding.because.push_back(doubt_of_kind(one));
      break;
    case FrameCertainty::recorded:
      finding.because.push_back(
          "known from the record alone: blocks from this place were coroutine frames; memory "
          "could not be read when " +
          ended);
      break;
  }
  tell_keeper(finding, trace, symbols, one ? "kept by " : "one is kept by ", group.kept);
  if (finding.bytes_held > group.frame_bytes)
    finding.because.push_back("with what only " + std::string(one ? "it keeps" : "they keep") +
                              ", " + bytes_text(finding.bytes_held) + " of memory");
  if (group.doubtful != 0) finding.because.push_back(doubt_of_stack(finding.created_at == 0));
}

bool still_there(const Coroutine& coroutine, const Explained& explained) {
  return explained.frames.count(coroutine.address) == 0 &&
         coroutine.certainty != FrameCertainty::pair;
}

std::vector<Finding> outlived_coroutines(const Trace& trace, const Symbols& symbols,
                                         const Explained& explained) {
  using Key = std::tuple<StackIndex, uint32_t, FrameCertainty>;
  std::map<Key, CoroutineGroup> groups;
  Places places(trace, symbols);
  const AwaitIndex awaits(trace);
  AwaitRoots roots(trace);
  for (const Coroutine& coroutine : trace.coroutines) {
    if (!still_there(coroutine, explained)) continue;
    // What is awaited by one that is reported is a part of that one's chain.
    const Coroutine* root = &roots.root_of(coroutine);
    if (!still_there(*root, explained)) root = &coroutine;
    const StackIndex created_at = places.of(root->created_at);
    const Key key{created_at, root->function, root->certainty};
    CoroutineGroup& group = groups[key];
    Finding& finding = group.finding;
    uint64_t held = coroutine.size_bytes;
    const auto keeper = explained.kept.find(coroutine.address);
    if (keeper != explained.kept.end() && keeper->second.created_ticks == coroutine.created_ticks) {
      if (root == &coroutine && group.kept == nullptr) group.kept = keeper->second.path;
      held = std::max(held, keeper->second.held_bytes);
    }
    finding.bytes_held += held;
    group.frame_bytes += coroutine.size_bytes;
    if (root != &coroutine) {
      ++group.awaited;
      if (coroutine.state == TaskState::suspended)
        if (const Coroutine* leaf = roots.end_of_chain(coroutine, *root); leaf != nullptr)
          ++group.leaves[leaf->await_point];
      continue;
    }
    finding.count = finding.tasks.empty() ? 1 : finding.count + 1;
    finding.created_at = created_at;
    group.certainty = coroutine.certainty;
    group.sample_inside = coroutine.inside;
    group.doubtful += coroutine.created_at_doubtful;
    group.done += coroutine.state == TaskState::done;
    group.running += coroutine.state == TaskState::running;
    group.told += coroutine.told.known();
    if (coroutine.state == TaskState::running && group.on_thread == 0)
      group.on_thread = coroutine.thread;
    if (coroutine.await_point != 0) {
      ++group.points[coroutine.await_point];
      if (group.sample == nullptr) group.sample = &coroutine;
    }
    add_task(finding, trace, coroutine);
  }
  std::vector<Finding> findings;
  for (auto& [key, group] : groups) {
    const uint32_t function = std::get<1>(key);
    describe_coroutines(group, trace, symbols,
                        function < trace.functions.size() ? trace.functions[function] : "");
    if (group.sample != nullptr) {
      set_await_chain(group.finding, awaits, *group.sample);
      tell_told_wait(group.finding, trace, symbols, roots.leaf_of(*group.sample));
    }
    findings.push_back(std::move(group.finding));
  }
  return findings;
}

// Boost.Fiber's scheduler keeps one fiber a thread for itself, to the thread's end: made by whoever
// first asks for the active context, and parked in the scheduler's own loop.
bool dispatcher(const Trace& trace, const Symbols& symbols, const Fiber& fiber) {
  const auto created = stack_lines(trace, symbols, fiber.created_at, Prune::tracker);
  if (!created.empty() && created.front().function == "boost::fibers::context::active()")
    return true;
  for (const StackIndex stack : {fiber.created_at, fiber.suspended_at})
    for (const StackLine& line : stack_lines(trace, symbols, stack, Prune::tracker))
      if (line.function.find("make_dispatcher_context") != std::string::npos ||
          line.function.find("boost::fibers::scheduler::dispatch(") != std::string::npos)
        return true;
  return false;
}

std::vector<Finding> outlived_fibers(const Trace& trace, const Symbols& symbols,
                                     const Explained& explained) {
  using Key = std::tuple<StackIndex, StackIndex, TaskState>;
  std::map<Key, Finding> groups;
  std::map<Key, const std::vector<RetentionStep>*> keepers;
  Places places(trace, symbols);
  for (const Fiber& fiber : trace.fibers) {
    if (explained.fibers.count(fiber.id) != 0 || dispatcher(trace, symbols, fiber)) continue;
    const StackIndex created_at = places.of(fiber.created_at), at = places.of(fiber.suspended_at);
    const Key key{created_at, at, fiber.state};
    Finding& finding = groups[key];
    if (const auto* path = way_to_fiber(explained.fixpoint, fiber)) keepers.emplace(key, path);
    finding.count = finding.tasks.empty() ? 1 : finding.count + 1;
    finding.created_at = created_at;
    finding.blocked_at = at;
    finding.bytes_held += fiber.stack_high - fiber.stack_low;
    add_task(finding, trace, fiber);
  }
  std::vector<Finding> findings;
  const std::string ended = cut_short(trace) ? end_text(trace) : "the process ended";
  for (auto& [key, finding] : groups) {
    const bool one = finding.count == 1;
    const TaskState state = std::get<2>(key);
    finding.title = count_text(finding.count, "fiber") + created_in(finding, trace, symbols) + " " +
                    (one ? "was" : "were") + " still there when " + ended;
    finding.because.push_back((one ? "its stack (" : "their stacks (") +
                              bytes_text(finding.bytes_held) +
                              ") had not been freed, unmapped or used for another fiber");
    if (state == TaskState::created)
      finding.because.push_back(std::string(one ? "it" : "they") + " never ran");
    else if (state == TaskState::suspended)
      finding.because.push_back("suspended when " + end_text(trace) + ": its function " +
                                "had not returned as far as was seen");
    else
      finding.because.push_back("nothing was seen to switch away from " +
                                std::string(one ? "it" : "them") + " before " + ended);
    if (const auto keeper = keepers.find(key); keeper != keepers.end())
      tell_keeper(finding, trace, symbols, one ? "kept by " : "one is kept by ", keeper->second);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace

std::vector<Finding> find_outlived(const Trace& trace, const Symbols& symbols,
                                   const Explained& explained) {
  if ((!ended_itself(trace) && !cut_short(trace)) || trace.superseded || !trace.prepared) return {};
  std::vector<Finding> findings = outlived_threads(trace, symbols, explained);
  std::vector<Finding> coroutines = outlived_coroutines(trace, symbols, explained);
  std::move(coroutines.begin(), coroutines.end(), std::back_inserter(findings));
  std::vector<Finding> fibers = outlived_fibers(trace, symbols, explained);
  std::move(fibers.begin(), fibers.end(), std::back_inserter(findings));
  for (Finding& finding : findings) {
    finding.evidence = Evidence::suspected;
    if (const std::string doubt = no_time_text(trace); !doubt.empty())
      finding.because.push_back(doubt);
    set_ages(finding);
  }
  return findings;
}

}  // namespace track::analyze
