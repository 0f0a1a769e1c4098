// Which findings make `track` fail: `--fail-on RULE[:EVIDENCE],...`.
#pragma once

#include <map>
#include <string>

#include "cli/model/finding.h"

namespace track::analyze {

class FailOn {
 public:
  // Every rule at likely or better; of memory only what a sanitizer found, whose log was asked for.
  FailOn();
  // A rule without evidence fails on any; `all` stands for every rule, `none` for no rule. Throws
  // Error for what is neither a rule nor evidence.
  explicit FailOn(const std::string& list);
  bool fails(const Finding& finding) const;

 private:
  std::map<Rule, Evidence> least_;
  bool default_ = false;
};

}  // namespace track::analyze
