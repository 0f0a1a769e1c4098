// Symbols for one trace: what analyze/ and write/ ask for, looked up once.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <unordered_set>

#include "cli/model/proof.h"
#include "cli/model/symbols.h"
#include "cli/model/trace.h"
#include "cli/process/await_points.h"
#include "cli/process/observe.h"
#include "cli/process/running.h"
#include "cli/process/untracked.h"
#include "cli/symbolize/symbolizer.h"
#include "cli/verbs/settings.h"

namespace track::verbs {

// live_pid: whose root directory the modules' paths are in; 0 = ours.
class Names {
 public:
  Names(const Trace& trace, const SymbolSettings& settings, pid_t live_pid);

  // Of profiles' stacks, too.
  void name_profiles(bool wanted) { profiles_ = wanted; }
  size_t addresses() const { return symbolizer_.addresses(); }  // named so far

  process::CodeLookup code_lookup();
  process::FunctionLookup function_lookup();
  process::CoroutineLookup coroutine_lookup();
  process::CodeNames code_names();
  // Whether any of the program's own modules has coroutines; nothing when symbols cannot say.
  std::optional<bool> has_coroutines();
  // Every stack a task of the trace refers to, and the locks and other objects waited for or held.
  Symbols resolve(const Trace& trace);
  // And the globals that keep tasks, and what leaked blocks are and who allocated them.
  void name_objects(const Trace& trace, const Fixpoint& fixpoint, Symbols& symbols);
  // What lies on the ways to kept tasks. memory: the process's, or that of its image.
  void name_types(Fixpoint& fixpoint, const ImageMemory& memory);

 private:
  void resolve_stacks(const Trace& trace, const std::unordered_set<StackIndex>& stacks,
                      Symbols& symbols);
  process::CodeFact code_fact(uint64_t address) const;
  void name_object(uint64_t address, Symbols& symbols);

  std::vector<Module> modules_;
  mutable symbolize::Symbolizer symbolizer_;
  std::shared_ptr<process::PairCodes> pair_codes_ = std::make_shared<process::PairCodes>();
  bool profiles_;  // the stacks of profiles are wanted too
};

}  // namespace track::verbs
