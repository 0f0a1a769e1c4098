#include "cli/model/report.h"

#include <algorithm>

namespace track {
namespace {

template <class Predicate>
uint64_t count_findings(const Report& report, Predicate predicate) {
  uint64_t count = 0;
  for (const ProcessReport& process : report.processes)
    count += static_cast<uint64_t>(
        std::count_if(process.findings.begin(), process.findings.end(), predicate));
  return count;
}

}  // namespace

uint64_t Report::shown() const {
  return count_findings(*this, [](const Finding& f) { return is_shown(f); });
}

uint64_t Report::failing() const {
  return count_findings(*this, [](const Finding& f) { return f.failing; });
}

void TaskCounts::add(const Trace& trace) {
  threads += live_threads(trace);
  threads_created += trace.threads_created;
  coroutines += trace.coroutines.size();
  coroutines_created += trace.coroutines_created;
  fibers += trace.fibers.size();
  fibers_created += trace.fibers_created;
}

void TaskCounts::add(const TaskCounts& more) {
  threads += more.threads;
  threads_created += more.threads_created;
  coroutines += more.coroutines;
  coroutines_created += more.coroutines_created;
  fibers += more.fibers;
  fibers_created += more.fibers_created;
}

void CleanProcesses::add(const Trace& trace) {
  ++count;
  tasks.add(trace);
  orders_lost += trace.orders_lost;
}

TaskCounts Report::tasks() const {
  TaskCounts counts = clean.tasks;
  for (const ProcessReport& process : processes) counts.add(process.trace);
  return counts;
}

uint64_t Report::orders_lost() const {
  uint64_t count = clean.orders_lost;
  for (const ProcessReport& process : processes) count += process.trace.orders_lost;
  return count;
}

uint64_t live_threads(const Trace& trace) {
  return static_cast<uint64_t>(
      std::count_if(trace.threads.begin(), trace.threads.end(),
                    [](const Thread& t) { return t.state != TaskState::ended; }));
}

bool Report::complete() const {
  return unknown.empty() && std::all_of(processes.begin(), processes.end(),
                                        [](const ProcessReport& p) { return p.trace.complete(); });
}

}  // namespace track
