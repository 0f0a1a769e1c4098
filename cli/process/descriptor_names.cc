#include "cli/process/descriptor_names.h"

#include <cstdlib>
#include <cstring>
#include <fstream>

namespace track::process {

namespace fs = std::filesystem;

bool inode_of(const std::string& target, const char* kind, uint64_t& inode) {
  const size_t length = std::strlen(kind);
  if (target.compare(0, length, kind) != 0 || target.compare(length, 2, ":[") != 0) return false;
  inode = std::strtoull(target.c_str() + length + 2, nullptr, 10);
  return true;
}

std::string descriptor_field(pid_t pid, int descriptor, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/fdinfo/" + std::to_string(descriptor));
  for (std::string line; std::getline(file, line);)
    if (line.compare(0, name.size(), name) == 0) return line.substr(name.size());
  return {};
}

void for_each_descriptor(pid_t pid,
                         const std::function<void(int, const std::string&, const fs::path&)>& use) {
  std::error_code error;
  for (auto entry = fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", error);
       !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry->path(), gone).string();
    if (!gone) use(std::atoi(entry->path().filename().c_str()), target, entry->path());
  }
}

}  // namespace track::process
