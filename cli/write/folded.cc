#include "cli/write/folded.h"

#include <algorithm>
#include <map>

#include "cli/model/saturated.h"
#include "cli/write/profile_lines.h"

namespace track::write {

std::string folded_profile(const Profile& profile, size_t value) {
  const ProfileLines lines(profile);
  std::vector<std::string> names;
  for (const NamedFunction& function : lines.functions()) {
    std::string name = function.name;
    if (function.line != 0) name += ":" + std::to_string(function.line);
    // What ends a name, or a line, in this format.
    std::replace(name.begin(), name.end(), ';', ':');
    std::replace(name.begin(), name.end(), '\n', ' ');
    names.push_back(std::move(name));
  }
  std::map<std::string, int64_t> stacks;
  for (const ProfileSample& sample : profile.samples) {
    std::string stack;
    for (const uint32_t function : lines.root_first(sample))
      stack += (stack.empty() ? "" : ";") + names[function];
    add_saturated(stacks[stack], sample.values.at(value));
  }
  std::string text;
  for (const auto& [stack, sum] : stacks)
    if (sum != 0) text += stack + " " + std::to_string(sum) + "\n";
  return text;
}

}  // namespace track::write
