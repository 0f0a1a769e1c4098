// Where a module's own file and its separate debug file are found: the module's path, build-id
// directories, .gnu_debuglink, debuginfod when asked. Only files proved to belong are returned
// (build-id, or the link's CRC).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/symbolize/elf_image.h"
#include "cli/symbolize/options.h"

namespace track::symbolize {

class DebugFiles {
 public:
  explicit DebugFiles(const Options& options);

  // The file a module was mapped from. Null with `why` when it is gone, damaged, or another one.
  std::unique_ptr<ElfImage> module_file(const std::string& path, const std::string& build_id,
                                        std::string& why) const;

  // The separate debug file of a module; `module` may be null (its file is gone), then only the
  // build-id can find it. Doubts (a candidate that does not match) are added to `notes`.
  std::unique_ptr<ElfImage> debug_file(const ElfImage* module, const std::string& build_id,
                                       std::vector<std::string>& notes) const;

  // The file with strings and types shared by several debug files (dwz).
  std::unique_ptr<ElfImage> supplement(const ElfImage& debug, const std::string& name,
                                       const std::string& build_id) const;

 private:
  std::unique_ptr<ElfImage> open(const FileRoot& root, const std::string& path) const;
  std::unique_ptr<ElfImage> by_build_id(const std::string& build_id) const;
  std::unique_ptr<ElfImage> by_link(const ElfImage& module, std::vector<std::string>& notes) const;

  Options options_;
  std::vector<FileRoot> roots_;  // the sysroot first, then our own
};

}  // namespace track::symbolize
