// The source-level functions of a profile's locations, as its writers name them. One name for all
// that a reader takes for one function.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/model/profile.h"

namespace track::write {

struct NamedFunction {
  std::string name;    // "flush", "std::vector::push_back", "libfoo.so+0x12", "(created by)"
  std::string file;    // empty: unknown
  uint32_t line = 0;   // only of what is a line and no machine code: a co_await
  std::string module;  // file name without directories; empty: none
};

class ProfileLines {
 public:
  explicit ProfileLines(const Profile& profile);

  const std::vector<NamedFunction>& functions() const { return functions_; }
  // Numbers of functions, root first. Of memory without what only allocates: see allocator_names.h.
  std::vector<uint32_t> root_first(const ProfileSample& sample) const;

 private:
  uint32_t function(NamedFunction function);

  bool heap_;
  std::vector<NamedFunction> functions_;
  std::vector<bool> allocates_;  // by function
  std::map<std::string, uint32_t> known_;
  std::vector<std::vector<uint32_t>> by_location_;  // callee first
};

// "12", "1.5 KiB", "3.2 s"; with a sign when it is negative.
std::string value_text(int64_t value, const std::string& unit);
// The same with a plus sign, for differences.
std::string change_text(int64_t value, const std::string& unit);

}  // namespace track::write
