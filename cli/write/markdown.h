// The findings as Markdown: one table, and below it the details of each. For comments on changes
// and for the summary of a CI job.
#pragma once

#include <cstddef>
#include <string>

#include "cli/model/report.h"
#include "cli/write/source_root.h"

namespace track::write {

// GitHub takes a step summary of at most 1 MiB.
inline constexpr size_t kMostMarkdown = 900'000;

// most_bytes: findings that would make it longer are counted, not shown.
std::string markdown_report(const Report& report, const SourceRoot& root,
                            size_t most_bytes = kMostMarkdown);

}  // namespace track::write
