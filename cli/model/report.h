// What the writers print: processes, what was found in them, and what was hidden. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/model/finding.h"
#include "cli/model/symbols.h"
#include "cli/model/trace.h"

namespace track {

struct ProcessReport {
  Trace trace;
  Symbols symbols;
  std::vector<Finding> findings;
  std::string note;  // about this process's report: "still running", "judged 3 s into its exit"
};

struct SuppressionUse {
  std::string text;
  uint64_t hits = 0;
};

// How the findings stand to a baseline.
struct BaselineUse {
  uint64_t known = 0;             // findings that it allows
  std::vector<std::string> gone;  // entries of which nothing was found
};

struct TaskCounts {
  uint64_t threads = 0, threads_created = 0, coroutines = 0, coroutines_created = 0, fibers = 0,
           fibers_created = 0;
  void add(const Trace& trace);
  void add(const TaskCounts& more);
};

// Of one run: processes of which there is nothing more to say than that they were there.
struct CleanProcesses {
  uint64_t count = 0;
  TaskCounts tasks;
  uint64_t orders_lost = 0;
  void add(const Trace& trace);
};

// One run of a program under `track run` or `track check`.
struct RunFacts {
  std::string name;  // --name, else the command
  std::vector<std::string> command;
  int exit_code = 0;  // of the run, whatever was found in it
  bool timed_out = false;
  bool seen_to_the_end = false;  // nothing can have been missed but what is counted as lost
};

struct Report {
  std::vector<ProcessReport> processes;
  CleanProcesses clean;                          // besides these
  std::vector<SuppressionUse> suppressions;      // those that hid something
  std::vector<std::string> unused_suppressions;  // "text (file:line)"
  std::optional<BaselineUse> baseline;           // when there is one
  std::vector<std::string> notes;
  std::optional<RunFacts> run;       // when it is of one
  std::vector<std::string> unknown;  // of merged reports: what nobody can say, and why

  uint64_t shown() const;    // findings neither suppressed nor known to the baseline
  uint64_t failing() const;  // of those, at or above --fail-on
  bool complete() const;     // nothing was lost in any process
  TaskCounts tasks() const;  // of all processes
  uint64_t orders_lost() const;
};

uint64_t live_threads(const Trace& trace);

}  // namespace track
