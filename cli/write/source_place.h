// The one line of source that a finding is shown at, where a format knows only one.
#pragma once

#include <optional>
#include <string>

#include "cli/model/report.h"
#include "cli/write/source_root.h"

namespace track::write {

struct SourcePlace {
  std::string file;   // as DWARF has it
  uint32_t line = 0;  // 0: not known
  std::string function;
};

// Where its task was created, or hangs: what a reader has to change. Of the project rather than of
// what it uses. Nothing when no line is known.
std::optional<SourcePlace> place_of(const ProcessReport& process, const Finding& finding,
                                    const SourceRoot& root);

}  // namespace track::write
