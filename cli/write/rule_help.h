// What each rule says, for readers who see nothing but its name in a list of a CI server.
#pragma once

#include <span>

#include "cli/model/finding.h"

namespace track::write {

struct RuleHelp {
  Rule rule;
  const char* brief;  // one sentence: what was found
  const char* help;   // why it matters, and what to do
};

// Every rule, in the order of the enumeration: an index into it is that of the rule.
std::span<const RuleHelp> rule_help();

}  // namespace track::write
