// The tables of a Profile while it is made: modules, locations and samples that occur only once.
// Code is told by module and offset, not by address, so that profiles of several processes, runs or
// moments meet in one. Not for use by several threads.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/model/profile.h"

namespace track {

class ProfileTable {
 public:
  // Their number in the profile. A module is the same when build-id and file name are; where one
  // has no build-id, when the path is.
  int32_t module(const Module& module);
  // location.module is a number of this table; -1 = in none. The address becomes that of the module
  // as this table knows it.
  uint32_t location(Location location);
  // What is known by name only; see Profile::locations.
  uint32_t line(const std::string& function, const std::string& file = {}, uint32_t line = 0);

  // Adds the values to the sample of that stack and those labels. Every call has as many values.
  void add(std::vector<uint32_t> stack, std::vector<ProfileLabel> labels,
           const std::vector<int64_t>& values);

  // Moves all of it into the profile: the largest of the values shown first, without samples that
  // are nothing but zeros. The table is spent.
  void finish(Profile& profile);

 private:
  std::vector<Module> modules_;
  std::vector<Location> locations_;
  std::vector<ProfileSample> samples_;
  std::unordered_map<std::string, uint32_t> by_place_;
  std::unordered_multimap<size_t, uint32_t> by_stack_;  // samples by a hash of stack and labels
};

}  // namespace track
