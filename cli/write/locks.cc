#include "cli/write/locks.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/model/words.h"
#include "cli/write/json_parts.h"
#include "cli/write/text.h"

namespace track::write {
namespace {

constexpr size_t kPlaces = 3;
constexpr size_t kFunctions = 4;  // of a place
constexpr size_t kThreads = 4;

std::string kind_of(const LockCost& cost) {
  const bool rwlock = cost.kind == WaitKind::rwlock_read || cost.kind == WaitKind::rwlock_write;
  return rwlock ? "rwlock" : wait_kind_name(cost.kind);
}

// "flush cache.cc:70 < run pool.cc:12"
std::string place_text(const ProcessReport& process, StackIndex stack) {
  const std::vector<StackLine> lines =
      stack_lines(process.trace, process.symbols, stack, Prune::plumbing);
  std::string text;
  for (size_t i = 0; i < std::min(lines.size(), kFunctions); ++i)
    text += (i == 0 ? "" : " < ") + line_text(lines[i]);
  return text;
}

std::string share(uint64_t part, uint64_t whole) {
  if (whole == 0) return "-";
  return fmt::format("{:.0f} %", 100 * static_cast<double>(part) / static_cast<double>(whole));
}

void print_places(Page& page, const ProcessReport& process, const char* verb, const char* unseen,
                  const std::vector<PlaceCost>& places) {
  uint64_t whole = 0;
  for (const PlaceCost& place : places) whole += place.total_ns;
  for (size_t i = 0; i < std::min(places.size(), kPlaces); ++i) {
    const PlaceCost& place = places[i];
    if (i != 0 && place.total_ns * 200 < whole) break;  // less than half a per cent
    const std::string where = place.stack == 0 ? unseen : place_text(process, place.stack);
    page.wrapped(fmt::format("{:>5} {} {}", share(place.total_ns, whole), verb, where), 4, 12);
  }
  if (places.size() > kPlaces)
    page.line("          and " + count_text(places.size() - kPlaces, "more place"));
}

std::string threads_text(const Trace& trace, const std::vector<size_t>& threads) {
  std::string text;
  for (size_t i = 0; i < std::min(threads.size(), kThreads); ++i)
    text += (i == 0 ? "" : ", ") + thread_text(trace.threads[threads[i]]);
  if (threads.size() > kThreads) text += fmt::format(" and {} more", threads.size() - kThreads);
  return text;
}

std::string holds_text(const ProcessReport& process, const HoldCost& holds) {
  std::string text = "taken " + (holds.count == 1 ? "once" : grouped(holds.count) + " times");
  if (holds.read_count != 0) text += " (" + grouped(holds.read_count) + " to read)";
  text += ", held " + duration_text(holds.total_ns) + ", the longest " +
          duration_text(holds.longest_ns);
  const std::string where = place_text(process, holds.longest_at);
  return where.empty() ? text : text + ": " + where;
}

void print_table(Page& page, const ProcessReport& process, const std::string& title,
                 const std::vector<LockCost>& costs, size_t most_rows) {
  if (costs.empty()) return;
  page.line();
  page.line(page.ink(Ink::bold, title));
  page.line(page.ink(Ink::dim, fmt::format("{:>10}  {:>12}  {:>10}  {:>10}  {}", "waits", "total",
                                           "mean", "longest", "for")));
  for (size_t i = 0; i < std::min(costs.size(), most_rows); ++i)
    print_lock(page, process, costs[i]);
  if (costs.size() <= most_rows) return;
  uint64_t count = 0, total = 0;
  for (size_t i = most_rows; i < costs.size(); ++i) {
    count += costs[i].count;
    total += costs[i].total_ns;
  }
  page.line();
  page.line(fmt::format("{:>10}  {:>12}  {:>10}  {:>10}  {} more (--rows N)", grouped(count),
                        duration_text(total), "", "", costs.size() - most_rows));
}

uint64_t sum_of(const std::vector<LockCost>& costs) {
  uint64_t sum = 0;
  for (const LockCost& cost : costs) sum += cost.total_ns;
  return sum;
}

void print_process(Page& page, const ProcessReport& process, const ContentionView& view,
                   size_t most_rows) {
  const Trace& trace = process.trace;
  const uint64_t seen = trace.taken_ns > trace.start_ns ? trace.taken_ns - trace.start_ns : 0;
  const auto waited = static_cast<uint64_t>(std::count_if(
      view.locks.begin(), view.locks.end(), [](const LockCost& cost) { return cost.count != 0; }));
  page.wrapped(fmt::format("process {} ({}): {}; {} waited for, {} in all{}", trace.pid,
                           base_name(trace.program), count_text(live_threads(trace), "thread"),
                           count_text(waited, "lock"), duration_text(sum_of(view.locks)),
                           trace.prepared ? ", in " + duration_text(seen) : ""),
               0, 2, Ink::bold);
  if (view.holds != 0) {
    const uint64_t span = trace.taken_ns - std::min(view.holds_from_ns, trace.taken_ns);
    page.wrapped(
        count_text(view.holds, "hold") + " of locks" +
            (trace.history.overwritten == 0 ? std::string(", all there were")
                                            : " of the last " + duration_text(span) +
                                                  ", and some before; older ones were overwritten"),
        0, 2);
  }
  if (waited == 0) page.line(page.ink(Ink::green, "no thread had to wait for a lock"));
  print_table(page, process, "locks", view.locks, most_rows);
  print_table(page, process, "conditions, semaphores, joins, ... (waiting there may be idleness)",
              view.events, most_rows);
  if (trace.contention_lost != 0)
    page.wrapped(fmt::format("lost: {} were not added up: too many different ones",
                             count_text(trace.contention_lost, "wait")),
                 0, 2, Ink::yellow);
  if (const std::string unseen = unseen_orders_text(trace.orders_lost); !unseen.empty())
    page.wrapped("not visible: " + unseen, 0, 2, Ink::yellow);
  for (const std::string& warning : trace.warnings)
    page.wrapped("damage: " + warning, 0, 2, Ink::yellow);
  if (!trace.prepared)
    page.wrapped("not visible: waits that are over; nothing was recorded in this process", 0, 2,
                 Ink::dim);
}

Json place_json(const ProcessReport& process, const PlaceCost& place) {
  return {{"count", place.count},
          {"total_ns", place.total_ns},
          {"longest_ns", place.longest_ns},
          {"stack", stack_json(process.trace, process.symbols, place.stack)}};
}

Json threads_json(const Trace& trace, const std::vector<size_t>& threads) {
  Json all = Json::array();
  for (const size_t index : threads) {
    const Thread& thread = trace.threads[index];
    all.push_back(
        {{"id", thread.id}, {"tid", thread.tid}, {"name", thread.main ? "main" : thread.name}});
  }
  return all;
}

Json cost_json(const ProcessReport& process, const LockCost& cost) {
  const auto symbol = process.symbols.objects.find(cost.object);
  const HoldCost& holds = cost.holds;
  Json holders = Json::array(), waiters = Json::array();
  for (const PlaceCost& place : cost.holders) holders.push_back(place_json(process, place));
  for (const PlaceCost& place : cost.waiters) waiters.push_back(place_json(process, place));
  return {{"kind", kind_of(cost)},
          {"address", hex_text(cost.object)},
          {"symbol", symbol == process.symbols.objects.end() ? "" : symbol->second},
          {"created_at", stack_json(process.trace, process.symbols, cost.created_at)},
          {"block",
           {{"bytes", cost.block_bytes},
            {"allocated_at", stack_json(process.trace, process.symbols, cost.block_allocated_at)}}},
          {"count", cost.count},
          {"total_ns", cost.total_ns},
          {"ongoing_ns", cost.ongoing_ns},
          {"longest_ns", cost.longest_ns},
          {"read_count", cost.read_count},
          {"read_ns", cost.read_ns},
          {"holds",
           {{"count", holds.count},
            {"read_count", holds.read_count},
            {"total_ns", holds.total_ns},
            {"longest_ns", holds.longest_ns},
            {"longest_at", stack_json(process.trace, process.symbols, holds.longest_at)}}},
          {"holders", std::move(holders)},
          {"waiters", std::move(waiters)},
          {"held_by", threads_json(process.trace, cost.held_by)},
          {"waited_by", threads_json(process.trace, cost.waited_by)}};
}

}  // namespace

std::string lock_text(const ProcessReport& process, const LockCost& cost) {
  if (cost.object != 0) return object_text(process.symbols, kind_of(cost), cost.object);
  return cost.kind == WaitKind::join ? "join of threads" : kind_of(cost) + ", others together";
}

void print_lock(Page& page, const ProcessReport& process, const LockCost& cost) {
  const Trace& trace = process.trace;
  const uint64_t mean = cost.total_ns / std::max<uint64_t>(cost.count, 1);
  page.line();
  page.line(fmt::format("{:>10}  {:>12}  {:>10}  {:>10}  {}", grouped(cost.count),
                        duration_text(cost.total_ns), duration_text(mean),
                        duration_text(cost.longest_ns),
                        page.ink(Ink::bold, lock_text(process, cost))));
  if (cost.holds.count != 0) page.wrapped(holds_text(process, cost.holds), 10, 12);
  const std::string created = place_text(process, cost.created_at);
  if (!created.empty()) page.wrapped("created at " + created, 10, 12);
  const std::string allocated = place_text(process, cost.block_allocated_at);
  if (created.empty() && !allocated.empty())
    page.wrapped("in a block of " + bytes_text(cost.block_bytes) + " from " + allocated, 10, 12);
  if (cost.read_count != 0)
    page.wrapped(fmt::format("of these {} to read, {}", grouped(cost.read_count),
                             duration_text(cost.read_ns)),
                 10, 12);
  if (!cost.held_by.empty())
    page.wrapped("now held by " + threads_text(trace, cost.held_by), 10, 12, Ink::yellow);
  if (!cost.waited_by.empty())
    page.wrapped("now waited for by " + threads_text(trace, cost.waited_by) + ", for " +
                     duration_text(cost.ongoing_ns) + " together",
                 10, 12, Ink::yellow);
  const bool lock = owned_lock(cost.kind);
  print_places(page, process, lock ? "held up by" : "woken by",
               lock ? "unlocks that were not seen" : "somebody unseen", cost.holders);
  print_places(page, process, "waited in", "an unknown place", cost.waiters);
}

std::string text_locks(const std::vector<ProcessReport>& processes,
                       const std::vector<ContentionView>& views, size_t most_rows,
                       const TextOptions& options) {
  Page page(options);
  for (size_t i = 0; i < processes.size(); ++i) {
    if (i != 0) page.line();
    print_process(page, processes[i], views[i], most_rows);
  }
  return page.take();
}

std::string json_locks(const std::vector<ProcessReport>& processes,
                       const std::vector<ContentionView>& views) {
  Json all = Json::array();
  for (size_t i = 0; i < processes.size(); ++i) {
    const Trace& trace = processes[i].trace;
    Json locks = Json::array(), events = Json::array();
    for (const LockCost& cost : views[i].locks) locks.push_back(cost_json(processes[i], cost));
    for (const LockCost& cost : views[i].events) events.push_back(cost_json(processes[i], cost));
    all.push_back({{"program", trace.program},
                   {"pid", trace.pid},
                   {"complete", trace.complete() && trace.contention_lost == 0},
                   {"lost_waits", trace.contention_lost},
                   {"lost_orders", trace.orders_lost},
                   {"holds", views[i].holds},
                   {"holds_from_ns", views[i].holds == 0 ? 0 : views[i].holds_from_ns},
                   {"not_visible", trace.not_visible},
                   {"warnings", trace.warnings},
                   {"locks", std::move(locks)},
                   {"events", std::move(events)}});
  }
  return dump_json({{"schema_version", 1}, {"processes", std::move(all)}});
}

}  // namespace track::write
