// `--merge-sanitizer LOG`: what the sanitizers reported, as findings among our own.
#pragma once

#include <string>
#include <vector>

#include "cli/model/report.h"

namespace track::verbs {

// Into the report, not judged yet. A log that is missing or cut short is told as unknown. paths:
// files, or what log_path= of the sanitizer's options is: then PATH.PID is taken, of every process.
void merge_sanitizer_logs(const std::vector<std::string>& paths, Report& report);

}  // namespace track::verbs
