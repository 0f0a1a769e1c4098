// Finds what a live process is recording: by its mappings, so that containers, renamed directories
// and removed files do not matter.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace track::process {

struct RecordingPlace {
  std::string path;      // readable from here; empty: only in the process's memory, at `address`
  std::string original;  // as the process named it; empty = it has no file
  uint64_t address = 0;
  uint64_t bytes = 0;
};

// Nothing when the process is not tracked. Throws Error: no such process, no permission.
std::optional<RecordingPlace> find_recording(pid_t pid);
// The same, and not tracked is an Error too, with what to do instead.
RecordingPlace locate_recording(pid_t pid);

struct TrackedProcess {
  pid_t pid = 0;
  std::string command;
  std::string recording;  // as the process names it
  uint64_t inode = 0;     // of that file
};
// The process that writes this file: the named one, or one of another pid namespace, where numbers
// mean something else; 0 = nobody does.
pid_t writer_of(const std::string& path, pid_t named);
// Every process with this text in the environment it began with.
std::vector<pid_t> processes_with(const std::string& in_environment);

// Every process, visible from here, that maps a recording.
std::vector<TrackedProcess> tracked_processes();

}  // namespace track::process
