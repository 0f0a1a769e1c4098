// A profile in speedscope's own format: one "sampled" profile a value type. Of a difference there
// are two, what became more and what became less: widths have no sign.
#pragma once

#include <string>

#include "cli/model/profile.h"

namespace track::write {

std::string speedscope_profile(const Profile& profile);

}  // namespace track::write
