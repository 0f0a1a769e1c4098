#include "cli/process/fork_risk.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "cli/process/proc.h"

namespace track::process {
namespace {

// An image lives a fifth of a second a GiB; to write half of the memory in that time is hard.
constexpr uint64_t kShareWritten = 2;
constexpr uint64_t kUnlimited = uint64_t{1} << 60;

uint64_t number_in(const std::string& path, uint64_t otherwise) {
  std::ifstream file(path);
  uint64_t number = 0;
  return file >> number ? number : otherwise;
}

uint64_t named_number_in(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  uint64_t number = 0;
  while (file >> word >> number)
    if (word == name) return number;
  return 0;
}

// Left in a group and in those around it, less what is only a cache.
uint64_t room_in_group(const std::string& root, std::string group, const char* limit,
                       const char* usage, const char* cache) {
  uint64_t room = kUnlimited;
  for (;;) {
    const std::string folder = root + (group == "/" ? "" : group) + "/";
    const uint64_t most = number_in(folder + limit, kUnlimited);
    if (most < kUnlimited) {
      const uint64_t used = number_in(folder + usage, 0);
      const uint64_t idle = std::min(named_number_in(folder + "memory.stat", cache), used);
      room = std::min(room, most - std::min(most, used - idle));
    }
    const size_t slash = group.rfind('/');
    if (slash == std::string::npos || group.size() <= 1) return room;
    group.resize(slash == 0 ? 1 : slash);
  }
}

uint64_t room_for(pid_t pid) {
  uint64_t room = kUnlimited;
  std::ifstream file("/proc/" + std::to_string(pid) + "/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string group = line.substr(second + 1);
    if (controllers == ",,")
      room = std::min(room, room_in_group("/sys/fs/cgroup", group, "memory.max", "memory.current",
                                          "inactive_file"));
    if (controllers.find(",memory,") != std::string::npos)
      room = std::min(room, room_in_group("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes",
                                          "memory.usage_in_bytes", "total_inactive_file"));
  }
  return room;
}

bool is_init_of_a_namespace(pid_t pid) {
  std::istringstream ids(status_field(pid, "NSpid"));
  pid_t innermost = 0;
  for (pid_t id = 0; ids >> id;) innermost = id;
  return innermost == 1;
}

}  // namespace

std::string why_not_forked(pid_t pid, uint64_t bytes, const SpecialMemory& special) {
  if (special.faults_served)
    return "it serves page faults by itself (userfaultfd): it would be asked about the image";
  if (special.limited_pages)
    return "it has huge pages of a limited pool, of which none may be left for pages that are "
           "written meanwhile";
  if (is_init_of_a_namespace(pid)) return "the process is an init: it would see the image's end";
  if (room_for(pid) < bytes / kShareWritten)
    return "its control group has too little memory left for pages that are written meanwhile";
  return {};
}

}  // namespace track::process
