// The memory of a live process as an ImageMemory: read from outside, it may change meanwhile.
#pragma once

#include <sys/types.h>

#include "cli/model/process_image.h"

namespace track::process {

class LiveMemory : public ImageMemory {
 public:
  explicit LiveMemory(pid_t pid) : pid_(pid) {}
  size_t read_some(uint64_t address, void* to, size_t bytes) const override;

 private:
  pid_t pid_;
};

}  // namespace track::process
