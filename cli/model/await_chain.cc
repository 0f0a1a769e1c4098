#include "cli/model/await_chain.h"

#include <algorithm>
#include <unordered_set>

#include "cli/model/symbols.h"

namespace track {
namespace {

constexpr size_t kLongest = 1000;  // frames of a chain

}  // namespace

AwaitIndex::AwaitIndex(const Trace& trace) {
  std::unordered_set<uint64_t> awaiters;
  for (const Coroutine& coroutine : trace.coroutines)
    if (coroutine.awaited_by != 0) awaiters.insert(coroutine.awaited_by);
  for (const Coroutine& coroutine : trace.coroutines)
    if (coroutine.awaited_by != 0 || coroutine.awaits != 0 ||
        awaiters.count(coroutine.address) != 0)
      by_address_.emplace(coroutine.address, &coroutine);
}

const Coroutine* AwaitIndex::at(uint64_t address) const {
  const auto known = by_address_.find(address);
  return known == by_address_.end() ? nullptr : known->second;
}

AwaitChain AwaitIndex::chain_of(const Coroutine& coroutine) const {
  AwaitChain chain;
  std::unordered_set<const Coroutine*> seen = {&coroutine};
  for (const Coroutine* below = at(coroutine.awaits);
       below != nullptr && chain.frames.size() < kLongest && seen.insert(below).second;
       below = at(below->awaits))
    chain.frames.push_back(below);
  std::reverse(chain.frames.begin(), chain.frames.end());
  chain.frames.push_back(&coroutine);
  for (const Coroutine* above = at(coroutine.awaited_by);
       above != nullptr && chain.frames.size() < kLongest; above = at(above->awaited_by)) {
    if (!seen.insert(above).second) {
      chain.cycle = true;
      break;
    }
    chain.frames.push_back(above);
  }
  chain.cycle = chain.cycle || (chain.frames.size() > 1 && chain.frames.front()->awaits != 0 &&
                                seen.count(at(chain.frames.front()->awaits)) != 0);
  return chain;
}

std::string await_text(const Trace& trace, uint32_t await_point) {
  if (await_point == 0 || await_point >= trace.await_points.size()) return {};
  const AwaitPoint& point = trace.await_points[await_point];
  switch (point.stage) {
    case AwaitStage::initial:
      return "not started";
    case AwaitStage::final:
      return "finished";
    case AwaitStage::unknown:
      return {};
    case AwaitStage::await:
      break;
  }
  if (point.line == 0) return {};
  const std::string place = base_name(point.file) + ":" + std::to_string(point.line);
  return point.exact ? place + " (co_await)" : "near " + place;
}

std::string suspended_text(const Trace& trace, const Coroutine& coroutine) {
  std::string text = coroutine.function < trace.functions.size()
                         ? short_function(trace.functions[coroutine.function])
                         : std::string();
  if (text.empty()) text = "(function unknown)";
  const std::string where = await_text(trace, coroutine.await_point);
  if (where.empty()) return text;
  const AwaitStage stage = trace.await_points[coroutine.await_point].stage;
  return text + (stage == AwaitStage::await ? " at " : ", ") + where;
}

}  // namespace track
