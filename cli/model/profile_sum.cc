#include "cli/model/profile_sum.h"

#include <algorithm>

#include "cli/model/error.h"
#include "cli/model/profile_table.h"

namespace track {
namespace {

std::string types_text(const Profile& profile) {
  std::string text;
  for (const ValueType& value : profile.value_types)
    text += (text.empty() ? "" : ", ") + value.type + "/" + value.unit;
  return text;
}

void require_alike(const Profile& a, const Profile& b) {
  if (a.value_types != b.value_types)
    throw Error("these profiles are of different types: " + types_text(a) + " and " +
                types_text(b));
}

// Its samples, with their values times `sign`.
void add_all(ProfileTable& table, const Profile& profile, int64_t sign, bool ages) {
  std::vector<uint32_t> locations;
  for (const Module& module : profile.modules) table.module(module);
  for (Location location : profile.locations) {
    if (location.module >= 0)
      location.module = table.module(profile.modules[static_cast<size_t>(location.module)]);
    locations.push_back(table.location(std::move(location)));
  }
  for (const ProfileSample& sample : profile.samples) {
    std::vector<uint32_t> stack;
    for (const uint32_t location : sample.stack) stack.push_back(locations[location]);
    std::vector<ProfileLabel> labels = sample.labels;
    if (!ages) std::erase_if(labels, [](const ProfileLabel& label) { return label.key == "age"; });
    std::vector<int64_t> values = sample.values;
    for (int64_t& value : values) value *= sign;
    table.add(std::move(stack), std::move(labels), values);
  }
}

Profile heading_of(const Profile& profile) {
  Profile heading = profile;
  heading.modules.clear();
  heading.locations.clear();
  heading.samples.clear();
  return heading;
}

}  // namespace

Profile merge(const Profile& into, const Profile& from) {
  require_alike(into, from);
  Profile result = heading_of(into);
  result.time_ns = std::max(into.time_ns, from.time_ns);
  result.duration_ns = std::max(into.duration_ns, from.duration_ns);
  for (const std::string& comment : from.comments)
    if (std::find(result.comments.begin(), result.comments.end(), comment) == result.comments.end())
      result.comments.push_back(comment);
  ProfileTable table;
  add_all(table, into, 1, true);
  add_all(table, from, 1, true);
  table.finish(result);
  return result;
}

Profile subtract(const Profile& after, const Profile& before) {
  require_alike(after, before);
  Profile result = heading_of(after);
  if (after.time_ns > before.time_ns && before.time_ns != 0)
    result.duration_ns = after.time_ns - before.time_ns;
  ProfileTable table;
  add_all(table, after, 1, false);
  add_all(table, before, -1, false);
  table.finish(result);
  return result;
}

}  // namespace track
