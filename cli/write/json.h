// The findings as JSON, schema_version 1: the fields of one process at the top when there is one;
// of several, sums and every finding at the top, with `pid`, and one entry each in `processes`.
#pragma once

#include <string>

#include "cli/model/report.h"

namespace track::write {

std::string json_report(const Report& report);

// Throws Error when write_file could not; said before hours of work, not after them.
void require_writable(const std::string& path);

// Writes `text` to `path` whole or not at all. "-" is standard output. Throws Error.
void write_file(const std::string& path, const std::string& text);

}  // namespace track::write
