// What the command line said, shared by the verbs.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/write/page.h"

namespace track::verbs {

enum ExitCode : int { kClean = 0, kToolError = 2, kFindings = 23, kTimeout = 124 };

struct SymbolSettings {
  std::string sysroot;
  bool debuginfod = false;
  std::vector<std::string> debug_dirs;
  bool pause = true;        // a process may be held for a moment, for a proof
  bool memory = false;      // blocks that nothing refers to are asked for
  bool heap = false;        // where blocks were allocated and CPU time went: for dumps and profiles
  bool contention = false;  // what waiting cost: for track locks, profiles, a dump
  bool schedules = false;   // how long each thread waited for a CPU
  bool history = false;     // what happened lately, as the rings have it
  std::chrono::nanoseconds watch{};  // and in a living process for so long from now on
};

struct JudgeSettings {
  std::string fail_on;  // empty: the default
  std::vector<std::string> suppressions;
  std::string baseline;  // file; empty = none
  bool update_baseline = false;
  bool grow_baseline = false;  // with an update: what is new is taken in
  int error_exitcode = kFindings;
  std::string min_age;  // of tasks; empty = any
  std::vector<std::string> sanitizer_logs;
};

struct ReportSettings {
  std::string junit, sarif, gitlab, markdown;  // files; empty = none, - = standard output
  bool github = false;                         // annotations on standard output, step summary
  bool page = false;                           // HTML beside the first of them
  std::string source_root;                     // empty: the current directory
};

struct OutputSettings {
  std::string json;        // file; empty = none
  std::string report_dir;  // where JSON gets a name of its own; empty = none
  std::string name;        // of the run, for reports; empty = its command
  ReportSettings reports;
  std::string colour = "auto";
};

// For a stream that goes to `descriptor`.
write::TextOptions text_options(const OutputSettings& output, int descriptor);

}  // namespace track::verbs
