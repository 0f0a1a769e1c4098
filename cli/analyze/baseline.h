// Findings that were there when a gate was put up: fingerprints and counts, which may only shrink.
// A text file, for people to review what changes in it:
//
//   libtrack-baseline 1
//   # a comment
//   3f9c0d1e22aa4b57 3 unjoined-thread a title, for people
//
// Borrowed idea: the ratchet of static analysers' baselines (psalm, detekt): what is known does not
// fail, what is new or more than before does.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "cli/model/report.h"

namespace track::analyze {

class Baseline {
 public:
  struct Entry {
    uint64_t count = 0;
    std::string rule, title;
  };

  Baseline() = default;
  // Throws Error with file:line for what is no baseline, or one of another version.
  Baseline(const std::string& text, const std::string& file);
  std::string text() const;

  // Findings that it allows do not fail any more; says in the report how they stand to it. Of all
  // processes of the report together.
  void apply(Report& report) const;

  enum class Growth { refused, allowed };
  // What of it is still to be found, and with Growth::allowed what is new too. whole: nothing of
  // the report is missing; else what was not seen may be there still, and nothing is taken out.
  Baseline updated(const Report& report, Growth growth, bool whole) const;

  const std::map<std::string, Entry>& entries() const { return entries_; }

 private:
  std::map<std::string, Entry> entries_;  // by fingerprint
};

}  // namespace track::analyze
