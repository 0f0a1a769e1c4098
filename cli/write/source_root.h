// The directory of the project: reports for machines tell its files relative to it.
#pragma once

#include <optional>
#include <string>

namespace track::write {

class SourceRoot {
 public:
  // directory: absolute. Compilers may know it by that name or by the one without symbolic links.
  explicit SourceRoot(const std::string& directory);

  // "src/cache.cc"; nothing when the file is not below the directory. What is relative already (as
  // after -ffile-prefix-map) is taken to be relative to it; what is relative to a build directory
  // ("../src/cache.cc", as Meson has it) only if there is such a file.
  std::optional<std::string> below(const std::string& file) const;
  // The same, or the whole path.
  std::string shown(const std::string& file) const;

  const std::string& directory() const { return directory_; }

 private:
  std::string directory_, real_;  // without a slash at the end, unless that is all
};

}  // namespace track::write
