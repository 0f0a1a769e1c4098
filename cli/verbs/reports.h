// Reports for machines and for those who read a CI server's pages: which ones, and writing them.
#pragma once

#include <string>
#include <vector>

#include "cli/model/loaded.h"
#include "cli/verbs/settings.h"

namespace track::verbs {

// Throws Error when one of the files cannot be written, or two of them are one: before the work
// that they are to tell of.
void require_reports(const OutputSettings& output);

// One of them goes to standard output, where nothing else may be then.
bool uses_stdout(const OutputSettings& output);

// The page of --open-report as HTML; empty when it is not asked for.
std::string report_page(const std::vector<Loaded>& processes, const JudgeSettings& judge,
                        const ReportSettings& settings);

// Every report that is asked for. One that cannot be written does not keep the others from being;
// throws Error then, when all is done.
void write_reports(const Report& report, const std::string& page, const OutputSettings& output);

}  // namespace track::verbs
