// `track check DUMP...`: the gate over what was seen elsewhere, or earlier.
#pragma once

#include <string>
#include <vector>

#include "cli/verbs/settings.h"

namespace track::verbs {

bool are_dumps(const std::vector<std::string>& words);

// Reports on stderr; the exit code. Throws Error when one of the files cannot be read.
int check_dumps(const std::vector<std::string>& files, const JudgeSettings& judge,
                const OutputSettings& output);

}  // namespace track::verbs
