// Profiles of several processes as one, and what changed between two. Both are of one type, else
// Error is thrown.
#pragma once

#include "cli/model/profile.h"

namespace track {

// The second is added to the first, whose program stays the first module.
Profile merge(const Profile& into, const Profile& from);

// What there is more of in `after`; negative where there is less. Equal code is told by module and
// offset. The label `age` is left out: who only became older is no change.
Profile subtract(const Profile& after, const Profile& before);

}  // namespace track
