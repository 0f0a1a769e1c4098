#include "cli/verbs/type_ways.h"

#include <algorithm>
#include <unordered_map>

#include "cli/process/class_names.h"
#include "cli/symbolize/type_names.h"

namespace track::verbs {
namespace {

using Sort = RetentionStep::Sort;

class Namer {
 public:
  Namer(const ImageMemory& memory, symbolize::Symbolizer& symbolizer)
      : memory_(memory), symbolizer_(symbolizer) {}

  void name(std::vector<RetentionStep>& path) {
    // What declarations say ends where steps were left out.
    const auto gap = std::find_if(path.begin(), path.end(),
                                  [](const RetentionStep& step) { return step.left_out != 0; });
    const auto joined = static_cast<size_t>(gap - path.begin()) + (gap != path.end() ? 1 : 0);
    std::vector<symbolize::DataHop> hops;
    for (size_t i = 1; i < joined && path[i].sort == Sort::block; ++i)
      hops.push_back(hop(path[i - 1], path[i], i + 1 == path.size()));
    if (!path.empty() && path.front().sort == Sort::global) {
      const bool last = path.size() == 1;
      const auto steps = symbolizer_.follow(path.front().address, last, hops);
      for (size_t i = 0; i < std::min(steps.size(), path.size()); ++i) {
        path[i].type = steps[i].type;
        path[i].member = steps[i].member;
      }
    }
    for (RetentionStep& step : path) {
      if (step.sort != Sort::block || !step.type.empty()) continue;
      const symbolize::ClassName& known = at_head(step.head);
      step.type = known.name;
      // What a class begins with may be an object too; counts of references always lie alone.
      step.only_at_head = !known.name.empty() && !known.of_library_block;
    }
  }

 private:
  const symbolize::ClassName& at_head(uint64_t table) {
    const auto [entry, fresh] = classes_.try_emplace(table);
    if (!fresh || table == 0) return entry->second;
    const process::FunctionLookup symbols = [this](uint64_t address) {
      return symbolizer_.symbol_at(address).value_or("");
    };
    const std::string mangled = process::class_of_table(memory_, table, symbols);
    if (!mangled.empty()) entry->second = symbolize::class_name(mangled);
    return entry->second;
  }

  symbolize::DataHop hop(const RetentionStep& before, const RetentionStep& step, bool last) {
    symbolize::DataHop hop;
    hop.bytes = step.bytes;
    if (before.target >= step.address && before.target - step.address < step.bytes)
      hop.into = before.target - step.address;
    if (step.reference >= step.address && step.reference - step.address < step.bytes)
      hop.offset = step.reference - step.address;
    hop.last = last;
    const symbolize::ClassName& known = at_head(step.head);
    hop.at_head = known.name;
    hop.shared = known.shared;
    return hop;
  }

  const ImageMemory& memory_;
  symbolize::Symbolizer& symbolizer_;
  std::unordered_map<uint64_t, symbolize::ClassName> classes_;
};

}  // namespace

void name_types(Fixpoint& fixpoint, const ImageMemory& memory, symbolize::Symbolizer& symbolizer) {
  std::vector<uint64_t> globals;
  for (const std::vector<RetentionStep>& path : fixpoint.retentions)
    if (!path.empty() && path.front().sort == Sort::global) globals.push_back(path.front().address);
  symbolizer.look_for_variables(globals);
  Namer namer(memory, symbolizer);
  for (std::vector<RetentionStep>& path : fixpoint.retentions) {
    namer.name(path);
    // It has told the class. Else it may be anything, a secret too, and no dump needs it.
    for (RetentionStep& step : path) step.head = 0;
  }
}

}  // namespace track::verbs
