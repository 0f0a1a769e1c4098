// Makes a Profile from one trace and its names. Fill profile()'s value types and period, add
// samples, take it with finish(). The trace and the symbols must live as long as this. Not for use
// by several threads.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/model/profile_table.h"
#include "cli/model/symbols.h"

namespace track {

// How old a task is, as the label `age` says it: rounded down to a handful of steps (1 s, 10 s,
// 1 min, ...), so that tasks alike in all else stay one sample.
ProfileLabel age_label(uint64_t age_ns);
ProfileLabel text_label(const std::string& key, const std::string& text);

class ProfileBuilder {
 public:
  ProfileBuilder(const Trace& trace, const Symbols& symbols, const std::string& type);

  // Type, value types, shown, period and comments; the rest is filled by finish().
  Profile& profile() { return profile_; }

  // Into Profile::locations, leaf first; without the tracker's own frames. Nothing for stack 0.
  // prune: what else is left out, of whole addresses.
  std::vector<uint32_t> stack(StackIndex stack, Prune prune = Prune::tracker);
  // A line that is known by name only, or a mark such as "(created by)".
  uint32_t line(const std::string& function, const std::string& file = {}, uint32_t line = 0);
  // Where a task is, and below that, behind a mark, where it was created. "(unknown)" when neither
  // is known.
  std::vector<uint32_t> joined(std::vector<uint32_t> where, const std::vector<uint32_t>& created);

  // Values of equal stacks with equal labels are added up. As many values as value types.
  void add(std::vector<uint32_t> stack, std::vector<ProfileLabel> labels,
           const std::vector<int64_t>& values);

  // Sorted, the program itself as the first module, losses as comments. The builder is spent.
  Profile finish();

 private:
  uint32_t code(uint64_t address, uint32_t generation);

  const Trace& trace_;
  const Symbols& symbols_;
  Profile profile_;
  ProfileTable table_;
  std::unordered_map<uint64_t, std::vector<uint32_t>> stacks_;  // by stack and prune
};

}  // namespace track
