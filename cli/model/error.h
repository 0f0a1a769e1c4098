// What goes wrong in `track`, said so that a person can act on it: what is wrong, where (file,
// offset, pid), what to do next. Thrown where it is found, caught once, in main; exit code 2.
#pragma once

#include <stdexcept>
#include <string>

namespace track {

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& what) : std::runtime_error(what) {}
};

// Who read our standard output has read enough (`| head`): nothing to tell anybody, still no
// verdict.
class ReaderGone : public Error {
 public:
  ReaderGone() : Error("nobody reads standard output any more") {}
};

}  // namespace track
