#include "cli/analyze/recycled.h"

#include <algorithm>
#include <map>
#include <utility>

namespace track::analyze {
namespace {

enum class Whose { own, foreign, unknown };

// "poll" of "Cache<int>::poll<F>(int)": the one part that symbols and debug information spell
// alike.
std::string last_name(const std::string& function) {
  std::string name = short_function(function);
  if (const size_t at = name.rfind("operator"); at != std::string::npos) return name.substr(at);
  if (const size_t angle = name.find('<'); angle != std::string::npos) {
    const size_t close = name.rfind(">::");
    if (close != std::string::npos) name.erase(0, close + 3);
    name.erase(std::min(name.find('<'), name.size()));
  }
  const size_t colons = name.rfind("::");
  return colons == std::string::npos ? name : name.substr(colons + 2);
}

Whose whose(const Trace& trace, const Symbols& symbols, StackIndex stack,
            const std::string& function) {
  const std::string name = last_name(function);
  bool has_lines = false;
  for (const StackLine& line : stack_lines(trace, symbols, stack, Prune::plumbing)) {
    if (last_name(line.function) == name) return Whose::own;
    has_lines |= line.line != 0;
  }
  // Without lines an inlined function leaves no trace.
  return has_lines && !name.empty() ? Whose::foreign : Whose::unknown;
}

}  // namespace

void forget_foreign_stacks(Trace& trace, const Symbols& symbols) {
  std::map<std::pair<StackIndex, uint32_t>, Whose> known;
  std::pair<StackIndex, uint32_t> last_key;
  Whose last = Whose::unknown;
  for (Coroutine& coroutine : trace.coroutines) {
    if (coroutine.created_at == 0 || coroutine.function == 0 ||
        coroutine.function >= trace.functions.size())
      continue;
    const std::pair key{coroutine.created_at, coroutine.function};
    if (key != last_key) {
      const auto [entry, fresh] = known.try_emplace(key, Whose::unknown);
      if (fresh)
        entry->second =
            whose(trace, symbols, coroutine.created_at, trace.functions[coroutine.function]);
      last = entry->second;
      last_key = key;
    }
    if (last == Whose::own) coroutine.created_at_doubtful = false;
    if (last != Whose::foreign) continue;
    coroutine.created_at_doubtful = true;
    coroutine.created_at = 0;
    coroutine.created_ns = 0;
  }
}

std::string doubt_of_stack(bool unknown) {
  return unknown ? "where and when it was created is unknown: its block was made for another "
                   "coroutine, and recycled without a call that could be seen"
                 : "the creation stack may be that of an earlier user of the block";
}

}  // namespace track::analyze
