#include "cli/model/made_stacks.h"

namespace track {

MadeStacks::MadeStacks(Trace& trace, Symbols& symbols) : trace_(trace), symbols_(symbols) {
  if (trace_.stacks.empty()) trace_.stacks.emplace_back();  // [0] is empty
}

StackIndex MadeStacks::add(const std::vector<StackLine>& lines) {
  if (lines.empty()) return 0;
  Stack stack;
  for (const StackLine& line : lines) {
    Location location;
    location.address = next_address_++;
    location.offset = line.offset;
    if (!line.module.empty()) {
      const auto number = static_cast<int32_t>(trace_.modules.size());
      const auto [known, fresh] = modules_.emplace(line.module, number);
      if (fresh) trace_.modules.emplace_back().path = line.module;
      location.module = known->second;
    }
    if (!line.function.empty() || !line.file.empty()) {
      Frame& frame = location.frames.emplace_back();
      frame.function = line.function;
      frame.file = line.file;
      frame.line = line.line;
    }
    stack.addresses.push_back(location.address);
    symbols_.code[{location.address, stack.generation}] = std::move(location);
  }
  trace_.stacks.push_back(std::move(stack));
  return static_cast<StackIndex>(trace_.stacks.size() - 1);
}

}  // namespace track
