// How a profile is written: format, file, which of its values.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/model/profile.h"
#include "cli/verbs/settings.h"

namespace track::verbs {

struct ProfileOutput {
  std::string file, format, value;
  uint64_t top = 30;
  OutputSettings text;
};

// first: the format when none is named.
void add_profile_output(CLI::App& verb, ProfileOutput& output, const std::string& first);

// Before the work: the file can be written, and is not a terminal where bytes would go to it.
void check_profile_output(const ProfileOutput& output);

// stem: of the file's name when none is given ("heap.4711"); formats for people go to standard
// output then. Throws Error.
void write_profile(const Profile& profile, const ProfileOutput& output, const std::string& stem,
                   bool difference);

}  // namespace track::verbs
