#include "cli/write/profile_lines.h"

#include <algorithm>

#include "cli/model/allocator_names.h"
#include "cli/model/symbols.h"
#include "cli/model/words.h"

namespace track::write {

ProfileLines::ProfileLines(const Profile& profile) : heap_(is_heap(profile.value_types)) {
  for (const Location& location : profile.locations) {
    std::string module;
    if (location.module >= 0)
      module = base_name(profile.modules[static_cast<size_t>(location.module)].path);
    std::vector<uint32_t>& lines = by_location_.emplace_back();
    for (const Frame& frame : location.frames)
      if (!frame.function.empty())
        lines.push_back(function({short_function(frame.function), frame.file,
                                  location.address == 0 ? frame.line : 0, module}));
    if (!lines.empty()) continue;
    const std::string place =
        module.empty() ? hex_text(location.address) : module + "+" + hex_text(location.offset);
    lines.push_back(function({place, "", 0, module}));
  }
}

uint32_t ProfileLines::function(NamedFunction function) {
  const std::string key = function.name + '\n' + std::to_string(function.line);
  const auto [entry, fresh] = known_.try_emplace(key, static_cast<uint32_t>(functions_.size()));
  if (fresh) {
    allocates_.push_back(heap_ && allocator_function(function.name));
    functions_.push_back(std::move(function));
  }
  return entry->second;
}

std::vector<uint32_t> ProfileLines::root_first(const ProfileSample& sample) const {
  std::vector<uint32_t> result;
  for (const uint32_t location : sample.stack)
    result.insert(result.end(), by_location_[location].begin(), by_location_[location].end());
  // As pprof does with drop_frames: whatever is leafward of such a function goes with it.
  size_t kept_from = 0;
  for (size_t i = 0; i < result.size(); ++i)
    if (allocates_[result[i]]) kept_from = i + 1;
  if (kept_from < result.size())
    result.erase(result.begin(), result.begin() + static_cast<long>(kept_from));
  std::reverse(result.begin(), result.end());
  return result;
}

std::string value_text(int64_t value, const std::string& unit) {
  const uint64_t size =
      value < 0 ? ~static_cast<uint64_t>(value) + 1 : static_cast<uint64_t>(value);
  const std::string sign = value < 0 ? "-" : "";
  if (unit == "bytes") return sign + bytes_text(size);
  if (unit == "nanoseconds") return sign + duration_text(size);
  return sign + std::to_string(size);
}

std::string change_text(int64_t value, const std::string& unit) {
  return (value > 0 ? "+" : "") + value_text(value, unit);
}

}  // namespace track::write
