// Findings a project knows about. A file has one pattern a line:
//
//   unjoined-thread:net::accept_*   a rule, and a function on the creation or blocked-at stack, or
//                                   of its await chain
//   rule:outlived-task              every finding of a rule
//   created_by:*Logger::start*      a function on the creation stack, whatever the rule
//   # a comment
//
// `*` stands for any run of characters; a pattern matches a whole function name, with or without
// its parameters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/model/finding.h"
#include "cli/model/symbols.h"

namespace track::analyze {

struct Suppression {
  std::string text;   // as written
  std::string place;  // "file:line"
  enum class Where { rule_name, created_by, any_stack } where = Where::any_stack;
  std::string rule;  // any_stack: the rule it is limited to
  std::string pattern;
  uint64_t hits = 0;  // tasks it hid
};

// Throws Error with file:line for a line that is none of these.
std::vector<Suppression> parse_suppressions(const std::string& text, const std::string& file);

// Marks Finding::suppressed_by and counts hits.
void apply_suppressions(std::vector<Suppression>& suppressions, std::vector<Finding>& findings,
                        const Trace& trace, const Symbols& symbols);

// Lines ready to paste that hide findings like this one: a comment, and the pattern. Empty pattern:
// no stack of it names anything.
std::string suppression_for(const Finding& finding, const Trace& trace, const Symbols& symbols);

bool matches(std::string_view pattern, std::string_view text);

}  // namespace track::analyze
