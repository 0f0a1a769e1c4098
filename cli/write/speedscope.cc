#include "cli/write/speedscope.h"

#include <algorithm>

#include "cli/model/saturated.h"
#include "cli/model/symbols.h"
#include "cli/write/json_parts.h"
#include "cli/write/profile_lines.h"

namespace track::write {
namespace {

Json frames_json(const ProfileLines& lines) {
  Json frames = Json::array();
  for (const NamedFunction& function : lines.functions()) {
    Json frame{{"name", function.name}};
    if (!function.file.empty()) frame["file"] = function.file;
    if (function.line != 0) frame["line"] = function.line;
    frames.push_back(std::move(frame));
  }
  return frames;
}

// Of one value, those of one sign.
Json one_profile(const Profile& profile, const ProfileLines& lines, size_t value, int64_t sign,
                 const std::string& name) {
  Json samples = Json::array(), weights = Json::array();
  int64_t total = 0;
  for (const ProfileSample& sample : profile.samples) {
    const int64_t weight = sample.values.at(value) * sign;
    if (weight <= 0) continue;
    samples.push_back(lines.root_first(sample));
    weights.push_back(weight);
    add_saturated(total, weight);
  }
  const std::string& unit = profile.value_types[value].unit;
  return {{"type", "sampled"},
          {"name", name},
          {"unit", unit == "bytes" || unit == "nanoseconds" ? unit : "none"},
          {"startValue", 0},
          {"endValue", total},
          {"samples", std::move(samples)},
          {"weights", std::move(weights)}};
}

bool negative(const Profile& profile, size_t value) {
  return std::any_of(profile.samples.begin(), profile.samples.end(),
                     [&](const ProfileSample& sample) { return sample.values.at(value) < 0; });
}

}  // namespace

std::string speedscope_profile(const Profile& profile) {
  const ProfileLines lines(profile);
  Json profiles = Json::array();
  size_t active = 0;
  for (size_t i = 0; i < profile.value_types.size(); ++i) {
    if (i == profile.shown) active = profiles.size();
    const std::string& name = profile.value_types[i].type;
    if (!negative(profile, i)) {
      profiles.push_back(one_profile(profile, lines, i, 1, name));
      continue;
    }
    profiles.push_back(one_profile(profile, lines, i, 1, name + " (more)"));
    profiles.push_back(one_profile(profile, lines, i, -1, name + " (less)"));
  }
  const std::string program = profile.modules.empty() ? "" : base_name(profile.modules[0].path);
  const Json file{{"$schema", "https://www.speedscope.app/file-format-schema.json"},
                  {"name", profile.type + (program.empty() ? "" : " of " + program)},
                  {"exporter", "track"},
                  {"activeProfileIndex", active},
                  {"shared", {{"frames", frames_json(lines)}}},
                  {"profiles", std::move(profiles)}};
  return dump_json(file);
}

}  // namespace track::write
