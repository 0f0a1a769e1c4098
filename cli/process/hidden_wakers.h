// Ways to end a wait that no marking of memory shows: named doubts, never reasons to accuse.
#pragma once

#include <string>
#include <vector>

#include "cli/model/process_image.h"

namespace track::process {

struct HiddenWakers {
  std::vector<std::string> doubts;  // pthread_cancel, which needs only a thread's handle
  std::vector<std::string> blind;   // what a core file keeps silent about
};

HiddenWakers hidden_wakers(const ProcessImage& image);

}  // namespace track::process
