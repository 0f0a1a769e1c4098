#include "cli/process/memory_kinds.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

namespace track::process {
namespace {

constexpr uint64_t kPage = 4096;

bool starts_with(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with;
}

}  // namespace

bool is_memory_file(const Mapping& mapping) {
  return mapping.path == "/dev/zero" || starts_with(mapping.path, "/memfd:") ||
         starts_with(mapping.path, "/dev/shm/") || starts_with(mapping.path, "/SYSV") ||
         starts_with(mapping.path, "/secretmem") || starts_with(mapping.path, "/anon_hugepage");
}

bool is_device(const Mapping& mapping) {
  return (starts_with(mapping.path, "/dev/") && !is_memory_file(mapping)) ||
         starts_with(mapping.path, "anon_inode:");
}

Keeps keeps(const Mapping& mapping) {
  if (is_device(mapping) || starts_with(mapping.path, "[vvar") || mapping.path == "[vsyscall]" ||
      mapping.path == "[vdso]")
    return Keeps::nothing;
  if (is_memory_file(mapping)) return Keeps::existing;
  if (mapping.shared) return mapping.writable ? Keeps::existing : Keeps::nothing;
  return mapping.writable ? Keeps::existing : Keeps::written;
}

SpecialMemory special_memory(pid_t pid) {
  SpecialMemory special;
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps");
  AddressRange area;
  bool shared = false;
  for (std::string line; std::getline(file, line);) {
    if (starts_with(line, "VmFlags:")) {
      const std::string flags = line + " ";
      const auto has = [&](const char* flag) { return flags.find(flag) != std::string::npos; };
      if (has(" dc ") || has(" wf ")) special.not_forked.push_back(area);
      special.faults_served = special.faults_served || has(" um ") || has(" uw ") || has(" ui ");
      special.limited_pages = special.limited_pages || (has(" ht ") && !shared && has(" wr "));
      continue;
    }
    const size_t dash = line.find('-'), colon = line.find(':'), space = line.find(' ');
    if (dash == std::string::npos || dash > 16 || colon < dash || space == std::string::npos)
      continue;
    area = {std::strtoull(line.c_str(), nullptr, 16),
            std::strtoull(line.c_str() + dash + 1, nullptr, 16)};
    shared = line.size() > space + 4 && line[space + 4] == 's';
  }
  return special;
}

SharedParts shared_parts(pid_t pid, const Mapping& mapping) {
  SharedParts shared;
  char path[96];
  std::snprintf(path, sizeof path, "/proc/%d/map_files/%llx-%llx", pid,
                static_cast<unsigned long long>(mapping.start),
                static_cast<unsigned long long>(mapping.end));
  shared.file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (shared.file < 0) return shared;
  const uint64_t end = mapping.offset + (mapping.end - mapping.start);
  for (uint64_t at = mapping.offset; at < end;) {
    const off_t data = lseek(shared.file, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 || static_cast<uint64_t>(data) >= end) break;
    const off_t hole = lseek(shared.file, data, SEEK_HOLE);
    if (hole <= data) break;
    const uint64_t from = static_cast<uint64_t>(data) & ~(kPage - 1);
    const uint64_t to = std::min(end, (static_cast<uint64_t>(hole) + kPage - 1) & ~(kPage - 1));
    shared.parts.push_back(
        {mapping.start + (from - mapping.offset), mapping.start + (to - mapping.offset)});
    at = static_cast<uint64_t>(hole);
  }
  return shared;
}

}  // namespace track::process
