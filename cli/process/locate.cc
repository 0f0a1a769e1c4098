#include "cli/process/locate.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "cli/model/error.h"
#include "cli/process/memory.h"
#include "cli/process/proc.h"
#include "libtrack/wire/recording.h"

namespace track::process {
namespace {

bool has_recording_name(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.compare(0, std::strlen(wire::kFilePrefix), wire::kFilePrefix) == 0 &&
         name.find('.', std::strlen(wire::kFilePrefix)) != std::string::npos;
}

bool begins_like_recording(const Memory& memory, uint64_t address) {
  char magic[sizeof wire::kMagic] = {};
  return memory.read(address, magic, sizeof magic) &&
         std::memcmp(magic, wire::kMagic, sizeof magic) == 0;
}

bool is_file(const std::string& path, uint64_t inode) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_ino == inode &&
         access(path.c_str(), R_OK) == 0;
}

std::string hex(uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "%lx", static_cast<unsigned long>(value));
  return text;
}

RecordingPlace place_of(pid_t pid, const std::vector<Mapping>& all, const Mapping& first) {
  RecordingPlace place;
  place.original = first.path;
  place.address = first.start;
  place.bytes = first.end - first.start;
  // One mapping may be listed in pieces.
  for (const Mapping& m : all)
    if (m.start == place.address + place.bytes && m.inode == first.inode && m.path == first.path)
      place.bytes += m.end - m.start;
  const std::string proc = "/proc/" + std::to_string(pid);
  const std::string candidates[] = {proc + "/root" + first.path, first.path,
                                    proc + "/map_files/" + hex(first.start) + "-" + hex(first.end)};
  for (const std::string& path : candidates)
    if (is_file(path, first.inode)) {
      place.path = path;
      break;
    }
  return place;
}

// A recording without a file (no room, no directory, a fork child that has not begun its own).
const Mapping* find_without_file(pid_t pid, const std::vector<Mapping>& all) {
  const Memory memory(pid);
  for (const Mapping& m : all) {
    const bool anonymous = m.path.empty() || m.path == "/dev/zero";
    if (anonymous && m.writable && m.end - m.start > wire::kHeaderBytes &&
        begins_like_recording(memory, m.start))
      return &m;
  }
  return nullptr;
}

// Whoever maps no more than the header (`track run`) only looks.
const Mapping* find_file(const std::vector<Mapping>& all) {
  for (const Mapping& m : all)
    if (m.shared && m.offset == 0 && m.end - m.start > wire::kHeaderBytes &&
        has_recording_name(m.path))
      return &m;
  return nullptr;
}

bool writes(pid_t pid, uint64_t inode) {
  const std::vector<Mapping> all = mappings(pid);
  const Mapping* file = find_file(all);
  return file != nullptr && file->inode == inode;
}

}  // namespace

std::optional<RecordingPlace> find_recording(pid_t pid) {
  require_readable(pid);
  const std::vector<Mapping> all = mappings(pid);
  if (const Mapping* m = find_file(all)) return place_of(pid, all, *m);
  if (const Mapping* m = find_without_file(pid, all)) {
    RecordingPlace place;
    place.address = m->start;
    place.bytes = m->end - m->start;
    return place;
  }
  return std::nullopt;
}

RecordingPlace locate_recording(pid_t pid) {
  if (auto place = find_recording(pid)) return *std::move(place);
  throw Error("process " + std::to_string(pid) + " (" + command_name(pid) +
              ") is not tracked: start it with `track run -- CMD` or with LD_PRELOAD=libtrack.so");
}

pid_t writer_of(const std::string& path, pid_t named) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return 0;
  if (writes(named, status.st_ino)) return named;
  for (const pid_t pid : all_pids())
    if (!same_pid_namespace(pid) && writes(pid, status.st_ino)) return pid;
  return 0;
}

std::vector<pid_t> processes_with(const std::string& in_environment) {
  std::vector<pid_t> result;
  for (const pid_t pid : all_pids())
    if (environment(pid).find(in_environment) != std::string::npos && exists(pid))
      result.push_back(pid);
  return result;
}

std::vector<TrackedProcess> tracked_processes() {
  std::vector<TrackedProcess> result;
  for (const pid_t pid : all_pids()) {
    const std::vector<Mapping> all = mappings(pid);
    if (const Mapping* m = find_file(all))
      result.push_back({pid, command_name(pid), m->path, m->inode});
  }
  return result;
}

}  // namespace track::process
