// Ways to end a wait, and to keep a reference, that no marking of memory shows.
#pragma once

#include <string>
#include <vector>

#include "cli/model/memory.h"
#include "cli/model/process_image.h"

namespace track::process {

struct HiddenWakers {
  // Named doubts: pthread_cancel, which needs only a thread's handle; handlers that may jump out of
  // a wait.
  std::vector<std::string> doubts;
  std::vector<std::string> carriers;  // channels with both ends inside
  // What leaves nothing to conclude: bytes that wait in such a channel; a core file's silence.
  std::vector<std::string> blind, unread;
  std::string cancels;      // who names pthread_cancel, in words; "" = nobody
  std::string lock_escape;  // how a thread may leave its wait for a lock, in words; "" = it cannot
  std::vector<KernelWord> words;  // what eventfds hold
  bool signal_handlers = false;   // the program has some, as far as is known
  bool memory_shared = false;     // another process runs in this one's memory
};

HiddenWakers hidden_wakers(const ProcessImage& image);

}  // namespace track::process
