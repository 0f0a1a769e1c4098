// A profile for people: the functions with the most ("top", in the terms of `go tool pprof -top`),
// then the call tree. No line is wider than asked for.
#pragma once

#include <string>

#include "cli/model/profile.h"
#include "cli/write/page.h"

namespace track::write {

struct ProfileTextOptions {
  size_t value = 0;  // into Profile::value_types
  size_t top = 30;   // functions listed; 0 = all
  bool difference = false;
};

std::string text_profile(const Profile& profile, const ProfileTextOptions& what,
                         const TextOptions& options);

}  // namespace track::write
