// Ways to end a wait that no marking of memory shows: named doubts, never reasons to accuse.
#pragma once

#include <string>
#include <vector>

#include "cli/model/process_image.h"

namespace track::process {

// What of such ways this process may use: pthread_cancel, which needs only a thread's handle, and
// pipes with both ends inside, which may carry addresses.
std::vector<std::string> hidden_wakers(const ProcessImage& image);

}  // namespace track::process
