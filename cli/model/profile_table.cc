#include "cli/model/profile_table.h"

#include <algorithm>
#include <functional>
#include <tuple>

#include "cli/model/saturated.h"

namespace track {
namespace {

bool same_module(const Module& a, const Module& b) {
  if (!a.build_id.empty() && !b.build_id.empty()) return a.build_id == b.build_id;
  return a.path == b.path;
}

std::string place_key(const Location& location) {
  std::string key;
  if (location.address != 0 || location.frames.empty()) {
    key = std::to_string(location.module) + "+" +
          std::to_string(location.module < 0 ? location.address : location.offset);
    return key;
  }
  for (const Frame& frame : location.frames)
    key += frame.function + '\n' + frame.file + '\n' + std::to_string(frame.line) + '\n';
  return key;
}

size_t mixed(size_t hash, size_t value) {
  return (hash ^ value) * 0x9e3779b97f4a7c15u + (hash >> 29);
}

size_t hash_of(const std::vector<uint32_t>& stack, const std::vector<ProfileLabel>& labels) {
  size_t hash = stack.size();
  for (const uint32_t location : stack) hash = mixed(hash, location);
  for (const ProfileLabel& label : labels) {
    hash = mixed(hash, std::hash<std::string>()(label.key));
    hash = mixed(hash, std::hash<std::string>()(label.text));
    hash = mixed(hash, static_cast<size_t>(label.number));
  }
  return hash;
}

}  // namespace

int32_t ProfileTable::module(const Module& module) {
  for (size_t i = 0; i < modules_.size(); ++i)
    if (same_module(modules_[i], module)) return static_cast<int32_t>(i);
  modules_.push_back(module);
  return static_cast<int32_t>(modules_.size() - 1);
}

uint32_t ProfileTable::location(Location location) {
  const auto [entry, fresh] =
      by_place_.try_emplace(place_key(location), static_cast<uint32_t>(locations_.size()));
  if (!fresh) {
    std::vector<Frame>& known = locations_[entry->second].frames;
    if (known.empty()) known = std::move(location.frames);
    return entry->second;
  }
  if (location.module >= 0)
    location.address = modules_[static_cast<size_t>(location.module)].base + location.offset;
  locations_.push_back(std::move(location));
  return entry->second;
}

uint32_t ProfileTable::line(const std::string& function, const std::string& file, uint32_t line) {
  Frame frame;
  frame.function = function;
  frame.file = file;
  frame.line = line;
  Location location;
  location.frames.push_back(std::move(frame));
  return this->location(std::move(location));
}

void ProfileTable::add(std::vector<uint32_t> stack, std::vector<ProfileLabel> labels,
                       const std::vector<int64_t>& values) {
  std::sort(labels.begin(), labels.end());
  const size_t hash = hash_of(stack, labels);
  const auto [first, last] = by_stack_.equal_range(hash);
  for (auto at = first; at != last; ++at) {
    ProfileSample& sample = samples_[at->second];
    if (sample.stack != stack || sample.labels != labels) continue;
    for (size_t i = 0; i < values.size(); ++i) add_saturated(sample.values[i], values[i]);
    return;
  }
  by_stack_.emplace(hash, static_cast<uint32_t>(samples_.size()));
  ProfileSample sample{std::move(stack), std::move(labels), std::vector<int64_t>(values.size())};
  for (size_t i = 0; i < values.size(); ++i) add_saturated(sample.values[i], values[i]);
  samples_.push_back(std::move(sample));
}

void ProfileTable::finish(Profile& profile) {
  std::erase_if(samples_, [](const ProfileSample& sample) {
    return std::all_of(sample.values.begin(), sample.values.end(),
                       [](int64_t value) { return value == 0; });
  });
  const size_t shown = profile.shown;
  std::sort(samples_.begin(), samples_.end(), [&](const ProfileSample& a, const ProfileSample& b) {
    return std::tie(b.values.at(shown), a.stack, a.labels) <
           std::tie(a.values.at(shown), b.stack, b.labels);
  });
  profile.modules = std::move(modules_);
  profile.locations = std::move(locations_);
  profile.samples = std::move(samples_);
}

}  // namespace track
