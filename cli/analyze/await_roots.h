// A chain of coroutines that await each other leaks as one: the one nobody awaits is the task, the
// others are parts of it.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "cli/model/await_chain.h"
#include "cli/model/trace.h"

namespace track::analyze {

// The coroutines of one trace; it must not change while this lives. Only edges that are sure count.
class AwaitRoots {
 public:
  explicit AwaitRoots(const Trace& trace);
  // The last of the chain that is the program's own (a library's co_spawn is nobody's leak), or the
  // very last when none is; perhaps this one. Of a cycle the one at the lowest address.
  const Coroutine& root_of(const Coroutine& coroutine);
  // The one that waits for something else than a coroutine, or the last on the way there that is
  // the program's own: where the chain stands.
  const Coroutine& leaf_of(const Coroutine& coroutine) const;
  // Where it stands when it is such a leaf: itself, or the program's own above it, if there is one
  // below `root`. Null when it awaits another coroutine.
  const Coroutine* end_of_chain(const Coroutine& coroutine, const Coroutine& root) const;

 private:
  const Coroutine* above(const Coroutine& coroutine) const;
  const Coroutine* below(const Coroutine& coroutine) const;
  bool own(const Coroutine& coroutine) const;

  AwaitIndex index_;
  std::vector<bool> own_;  // of Trace::functions
  std::unordered_map<const Coroutine*, const Coroutine*> known_;
};

}  // namespace track::analyze
