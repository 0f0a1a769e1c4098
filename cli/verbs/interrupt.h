// Ctrl-C while something is being watched means: enough, show what there is.
#pragma once

#include <atomic>

namespace track::verbs {

// Becomes true with the first SIGINT or SIGTERM after the first call; the second one kills.
const std::atomic<bool>& interrupted();

}  // namespace track::verbs
