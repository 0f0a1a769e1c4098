#include "cli/write/hang.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/model/wait_text.h"
#include "cli/model/words.h"
#include "cli/write/json.h"
#include "cli/write/json_parts.h"
#include "cli/write/text.h"

namespace track::write {
namespace {

constexpr size_t kListed = 10;
constexpr size_t kListedNames = 4;

std::string process_line(const ProcessReport& process) {
  const Trace& trace = process.trace;
  std::string text =
      fmt::format("process {} ({}): {}; {}", trace.pid, base_name(trace.program),
                  count_text(live_threads(trace), "thread"), process_end_text(trace));
  if (trace.pause_ns != 0) text += "; it was held for " + duration_text(trace.pause_ns);
  if (!trace.pause_for.empty()) text += " for " + trace.pause_for;
  return text;
}

std::string doing(const ProcessReport& process, const Thread& thread) {
  std::string text;
  if (thread.wait.kind != WaitKind::none)
    text = "waits for " +
           wait_text(process.trace, process.symbols, thread.wait.kind, thread.wait.object);
  else
    text = (process.trace.end == ProcessEnd::alive ? "is " : "was ") +
           std::string(task_state_name(thread.state));
  const StackIndex at = thread.wait.stack != 0 ? thread.wait.stack : thread.running_at;
  const std::string where = where_text(process.trace, process.symbols, at);
  return where.empty() ? text : text + ", in " + where;
}

void print_held_up(Page& page, const ProcessReport& process, const HangSection& section) {
  if (section.held_up.empty()) return;
  page.line();
  page.line(page.ink(Ink::bold, "held up, without a cycle:"));
  for (size_t i = 0; i < std::min(section.held_up.size(), kListed); ++i) {
    const HeldUp& held = section.held_up[i];
    const Thread& thread = process.trace.threads[held.thread];
    page.wrapped(fmt::format("{} behind {}, which {}", count_text(held.blocked, "thread"),
                             thread_text(thread), doing(process, thread)),
                 1, 3);
    for (size_t k = 0; k < std::min(held.because.size(), kListedNames); ++k)
      page.wrapped("because: " + held.because[k], 3, 5);
    if (held.because.size() > kListedNames)
      page.line(fmt::format("   and {} more", held.because.size() - kListedNames));
  }
  if (section.held_up.size() > kListed)
    page.line(fmt::format(" and {} more", section.held_up.size() - kListed));
}

std::string names_of(const Trace& trace, const std::vector<size_t>& threads) {
  std::string text;
  for (size_t i = 0; i < std::min(threads.size(), kListedNames); ++i)
    text += (i == 0 ? "" : ", ") + thread_text(trace.threads[threads[i]]);
  if (threads.size() > kListedNames)
    text += fmt::format(" and {} more", threads.size() - kListedNames);
  return text;
}

void print_await_cycles(Page& page, const HangSection& section) {
  if (section.await_cycles.empty()) return;
  page.line();
  page.line(page.ink(Ink::bold, "coroutines that await each other in a cycle:"));
  for (size_t i = 0; i < std::min(section.await_cycles.size(), kListed); ++i)
    page.wrapped(section.await_cycles[i], 1, 3);
  if (section.await_cycles.size() > kListed)
    page.line(fmt::format(" and {} more", section.await_cycles.size() - kListed));
}

void print_standing(Page& page, const ProcessReport& process, const HangSection& section) {
  if (section.standing.empty()) return;
  page.line();
  page.line(page.ink(Ink::bold, "coroutines that others wait for:"));
  for (size_t i = 0; i < std::min(section.standing.size(), kListed); ++i) {
    const Standing& standing = section.standing[i];
    std::string text = count_text(standing.count, "coroutine") + " in " + standing.where;
    if (standing.awaiting != 0)
      text += ": " + count_text(standing.awaiting, "coroutine") + " behind";
    if (!standing.threads.empty())
      text += (standing.awaiting != 0 ? ", and " : ": ") +
              names_of(process.trace, standing.threads) + " behind a lock held there";
    page.wrapped(text, 1, 3);
  }
  if (section.standing.size() > kListed)
    page.line(fmt::format(" and {} more", section.standing.size() - kListed));
}

void print_waits(Page& page, const ProcessReport& process, const HangSection& section) {
  if (section.waits.empty()) return;
  page.line();
  page.line(page.ink(Ink::bold, "waiting for something nobody is known to own:"));
  for (size_t i = 0; i < std::min(section.waits.size(), kListed); ++i) {
    const Waiting& wait = section.waits[i];
    const Thread& first = process.trace.threads[wait.threads.front()];
    const std::string where = where_text(process.trace, process.symbols, first.wait.stack);
    page.wrapped(fmt::format("{} in {}{}{}: {}", count_text(wait.threads.size(), "thread"),
                             wait_text(process.trace, process.symbols, wait.kind, wait.object),
                             wait.timed ? ", timed" : "", where.empty() ? "" : ", in " + where,
                             names_of(process.trace, wait.threads)),
                 1, 3);
    if (!wait.known_to.empty()) page.wrapped("known to: " + wait.known_to, 3, 5);
    if (!wait.told.empty()) page.wrapped("as the program tells, " + wait.told, 3, 5);
  }
  if (section.waits.size() > kListed)
    page.line(fmt::format(" and {} more", section.waits.size() - kListed));
}

Json thread_json(const Thread& thread) {
  return {{"id", thread.id},
          {"tid", thread.tid},
          {"name", thread.main ? "main" : thread.name},
          {"state", task_state_name(thread.state)}};
}

}  // namespace

std::string text_hang(const Report& report, const std::vector<HangSection>& sections,
                      const TextOptions& options) {
  Page page(options);
  uint64_t number = 0;
  for (size_t i = 0; i < report.processes.size(); ++i) {
    const ProcessReport& process = report.processes[i];
    const HangSection& section = sections[i];
    if (i != 0) page.line();
    page.wrapped(process_line(process), 0, 2, Ink::bold);
    const uint64_t before = number;
    print_findings(page, process, number);
    if (number == before)
      page.line(page.ink(Ink::green, "no threads wait for each other in a cycle"));
    print_await_cycles(page, section);
    print_held_up(page, process, section);
    print_standing(page, process, section);
    print_waits(page, process, section);
    if (section.running != 0) {
      page.line();
      page.line(count_text(section.running, "thread") + " in no wait");
    }
    for (const std::string& warning : process.trace.warnings)
      page.wrapped("damage: " + warning, 0, 2, Ink::yellow);
    for (const std::string& item : process.trace.not_visible)
      page.wrapped("not visible: " + item, 0, 2, Ink::dim);
  }
  return page.take();
}

std::string json_hang(const Report& report, const std::vector<HangSection>& sections) {
  Json json = Json::parse(json_report(report));
  Json all = Json::array();
  for (size_t i = 0; i < report.processes.size(); ++i) {
    const ProcessReport& process = report.processes[i];
    Json held_up = Json::array(), waits = Json::array();
    for (const HeldUp& held : sections[i].held_up)
      held_up.push_back({{"thread", thread_json(process.trace.threads[held.thread])},
                         {"blocked", held.blocked},
                         {"because", held.because}});
    for (const Waiting& wait : sections[i].waits) {
      Json threads = Json::array();
      for (const size_t thread : wait.threads)
        threads.push_back(thread_json(process.trace.threads[thread]));
      waits.push_back({{"kind", wait_kind_name(wait.kind)},
                       {"object", hex_text(wait.object)},
                       {"timed", wait.timed},
                       {"known_to", wait.known_to},
                       {"told", wait.told},
                       {"threads", std::move(threads)}});
    }
    Json standing = Json::array();
    for (const Standing& stand : sections[i].standing) {
      Json threads = Json::array();
      for (const size_t thread : stand.threads)
        threads.push_back(thread_json(process.trace.threads[thread]));
      standing.push_back({{"where", stand.where},
                          {"coroutines", stand.count},
                          {"awaiting", stand.awaiting},
                          {"threads", std::move(threads)}});
    }
    all.push_back({{"pid", process.trace.pid},
                   {"await_cycles", sections[i].await_cycles},
                   {"standing", std::move(standing)},
                   {"pause_ns", process.trace.pause_ns},
                   {"running", sections[i].running},
                   {"held_up", std::move(held_up)},
                   {"waits", std::move(waits)}});
  }
  json["hang"] = std::move(all);
  return dump_json(json);
}

}  // namespace track::write
