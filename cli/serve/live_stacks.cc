#include "cli/serve/live_stacks.h"

#include "cli/model/same_modules.h"
#include "cli/write/json_parts.h"

namespace track::serve {

void LiveStacks::begin(const std::vector<Module>& modules) {
  if (!same_modules(modules, modules_)) {
    modules_ = modules;
    numbers_.clear();
    by_number_.clear();
  }
  for (auto& [number, known] : by_number_) known.used = false;
}

uint64_t LiveStacks::number(const Trace& trace, const Symbols& symbols, StackIndex stack) {
  if (stack == 0 || stack >= trace.stacks.size()) return 0;
  const Stack& found = trace.stacks[stack];
  Key key{static_cast<uint64_t>(trace.pid), found.generation, found.truncated, found.awaiters_from};
  key.insert(key.end(), found.addresses.begin(), found.addresses.end());
  const auto [entry, fresh] = numbers_.try_emplace(std::move(key), last_ + 1);
  Known& known = by_number_[entry->second];
  known.used = true;
  if (!fresh) return entry->second;
  ++last_;
  known.key = entry->first;
  for (const write::Json& frame : write::stack_json(trace, symbols, stack))
    known.frames.push_back(frame.dump(-1, ' ', false, write::Json::error_handler_t::replace));
  return entry->second;
}

void LiveStacks::end() {
  std::erase_if(by_number_, [this](const auto& entry) {
    if (!entry.second.used) numbers_.erase(entry.second.key);
    return !entry.second.used;
  });
}

const std::vector<std::string>& LiveStacks::frames(uint64_t number) const {
  static const std::vector<std::string> none;
  const auto known = by_number_.find(number);
  return known == by_number_.end() ? none : known->second.frames;
}

}  // namespace track::serve
