// TARGET on the command line to processes with names: a PID, a recording, a directory of them, a
// dump.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "cli/model/loaded.h"
#include "cli/verbs/settings.h"

namespace track::verbs {

class NameCache;

// A proof looks twice: whatever is able to move has moved by then.
inline constexpr auto kSecondLook = std::chrono::milliseconds(20);

bool all_digits(const std::string& text);  // a process, not a file

// confirm: look for deadlocks too.
// kept_names: from look to look; null: for this one only.
Loaded load_live(pid_t pid, const SymbolSettings& symbols, bool confirm,
                 NameCache* kept_names = nullptr);
Loaded load_recording(const std::string& path, const SymbolSettings& symbols, bool confirm,
                      NameCache* kept_names = nullptr);
std::vector<Loaded> load_target(const std::string& target, const SymbolSettings& symbols,
                                bool confirm, NameCache* kept_names = nullptr);

// The recording of a live process, with all that can be seen from outside but names.
Trace observe_live(pid_t pid);

// Whole or not at all; how many bytes it has. Throws Error.
uint64_t write_dump(const std::string& file, const std::vector<Loaded>& processes);

// Suppresses, and marks what fails and what a baseline knows. What is suppressed already stays so.
void judge_findings(Report& report, const JudgeSettings& settings);

// Judges, suppresses and marks what fails; moves everything into a report.
Report make_report(std::vector<Loaded> processes, const JudgeSettings& settings);

}  // namespace track::verbs
