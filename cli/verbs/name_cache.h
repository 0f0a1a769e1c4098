// Names of a process that is looked at again and again: symbol tables and DWARF are read at the
// first look, an address is named once. Not for long: what it takes is bounded, and debug files
// that were installed meanwhile are found.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "cli/verbs/names.h"

namespace track::verbs {

class NameCache {
 public:
  // Those of before, as long as the modules are the same. One look at a time has them.
  std::shared_ptr<Names> of(const Trace& trace, const SymbolSettings& settings, pid_t live_pid);
  void forget() { names_.reset(); }

  // A program that does not say whether it has coroutines is searched for them on suspicion. Where
  // that found none a moment ago: not again at once.
  bool searched_lately() const;
  void searched(bool found_any);

 private:
  using Clock = std::chrono::steady_clock;

  std::shared_ptr<Names> names_;
  std::vector<Module> modules_;
  pid_t pid_ = 0;
  Clock::time_point made_, none_found_{};
};

}  // namespace track::verbs
