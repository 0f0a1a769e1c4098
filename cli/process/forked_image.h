// A copy-on-write image of a held process: a process of its own with the same memory, stopped and
// traced for as long as it is, that never runs a line of the target's code.
//
// A borrowed thread makes a helper that shares its memory; the helper forks the image and exits;
// the thread takes the helper's exit, and the image belongs to init (or a subreaper), as every
// daemon does. The target sees no child, no signal, no descriptor and no thread of it.
//
// All of it by one tracer thread. Should that die, the image ends with it and the borrowed thread
// finds back by itself.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/model/error.h"
#include "cli/model/process_image.h"
#include "cli/process/code_pieces.h"
#include "cli/process/hold.h"

namespace track::process {

class ForkedImage {
 public:
  // There was an image, and it cannot be used.
  class Lost : public Error {
   public:
    using Error::Error;
  };

  ForkedImage() = default;
  ~ForkedImage() { end(); }
  ForkedImage(const ForkedImage&) = delete;
  ForkedImage& operator=(const ForkedImage&) = delete;

  // While everything is held. Throws Error: why there can be none; the process is as it was.
  void fork(pid_t pid, const std::vector<HeldThread>& threads, const std::vector<Mapping>& mappings,
            const CodePieces& code);
  // Afterwards: gives it a session and a name of its own, and makes it the first to go when memory
  // runs out. Throws Lost.
  void settle();
  void end();
  pid_t pid() const { return pid_; }

 private:
  void release_descriptors();

  pid_t pid_ = 0;
  uint64_t stack_ = 0;  // the image's stack pointer
  CodePieces code_;
};

}  // namespace track::process
