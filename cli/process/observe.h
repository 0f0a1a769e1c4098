// What can be learned about a live process beyond its recording, to verify it: what the kernel says
// its threads do, lock words, the heads of coroutine frames. All of it is read from outside.
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/model/frame_shape.h"
#include "cli/model/trace.h"

namespace track::process {

// Fills Thread::kernel and system_call, and takes back waits that the kernel contradicts: a thread
// may leave a wait without a word (cancelled, longjmp).
void observe_threads(Trace& trace);

// Words of every lock that is held or waited for, into Trace::memory; sets Trace::memory_read, or
// says in Trace::not_visible why memory cannot be read.
void read_lock_words(Trace& trace);

struct CodeFact {
  bool code = false;       // lies in a module
  bool coroutine = false;  // a coroutine's resume or destroy function
  bool other = false;      // a function whose name says that it is neither
  std::string function;    // the coroutine function's readable name
};
// What the code of two functions says about being a coroutine's.
struct PairCode {
  bool exact = false;                       // GCC's, at every level
  bool alike = false;                       // as far as the first instructions of both tell
  std::optional<FrameFunctions> functions;  // where neither GCC's code nor a name decides
};
using PairCodes = std::map<std::pair<uint64_t, uint64_t>, PairCode>;

// What one address is, and what the code of two functions looks like; the latter may be missing,
// and nothing where the code cannot be read. resume may be 0.
struct CodeLookup {
  using Pair = std::function<std::optional<FrameFunctions>(uint64_t resume, uint64_t destroy)>;
  template <std::invocable<uint64_t> Fact>
  CodeLookup(Fact of_address, Pair of_two = {})
      : fact(std::move(of_address)), pair(std::move(of_two)) {}
  std::function<CodeFact(uint64_t address)> fact;
  Pair pair;
  // What was found out about the code of pairs: by those who look again while the same modules lie
  // at the same addresses. One at a time.
  std::shared_ptr<PairCodes> known = std::make_shared<PairCodes>();
  CodeFact operator()(uint64_t address) const { return fact(address); }
};

// Looks at the head of every recorded block: state, function and certainty, and drops blocks that
// turn out to be no frames. With memory unreadable (or the process gone: pass live = false) only
// names are filled, from what the tracker learned.
void inspect_coroutines(Trace& trace, bool live, const CodeLookup& code);

}  // namespace track::process
