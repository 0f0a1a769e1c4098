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

}  // namespace track
