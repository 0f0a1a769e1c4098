// How libtrack.so gets into a process that may have another root directory, a libc of another
// make, and no room for a file: what is found out about that before anything is touched.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/model/process_image.h"

namespace track::process {

// What of the file has to be there for it to be loaded: no symbols for debuggers, no sections.
// Throws Error when it cannot be read or is no library.
std::vector<std::byte> loadable_bytes(const std::string& path);

// Throws Error, with every version that is missing and what it is missing for: the process's libc
// is older than the library.
void require_versions(pid_t pid, const std::vector<std::byte>& library);

// The libtrack.so that is loaded there, if any.
std::optional<Module> tracker_inside(pid_t pid);
// The address of a function that this one exports; 0: there is none.
uint64_t function_inside(pid_t pid, const Module& module, const std::string& name);

// Our path names the very same file there.
bool sees_file(pid_t pid, const std::string& path);
// /proc is mounted in its root directory, and knows the process: it can load from a descriptor.
bool sees_itself_in_proc(pid_t pid);

// The library as a file of its own in the process's root directory, for as long as it takes to load
// it: where there is no /proc.
class PrivateCopy {
 public:
  // first: the directory that is tried first, if not empty. Throws Error, with what was tried.
  PrivateCopy(pid_t pid, const std::vector<std::byte>& library, const std::string& first);
  ~PrivateCopy();  // removes it
  PrivateCopy(const PrivateCopy&) = delete;
  PrivateCopy& operator=(const PrivateCopy&) = delete;

  const std::string& path() const { return path_; }  // as the process names it

 private:
  std::string try_directory(int root, const std::string& directory,
                            const std::vector<std::byte>& library);
  pid_t pid_;
  int directory_ = -1;
  std::string path_;
};

}  // namespace track::process
