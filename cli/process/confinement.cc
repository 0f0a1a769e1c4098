#include "cli/process/confinement.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace track::process {
namespace {

void read_status(pid_t pid, Confinement& found) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string key;
    words >> key;
    if (key == "Seccomp:") words >> found.seccomp;
    if (key == "TracerPid:") words >> found.tracer;
    if (key != "Uid:" && key != "Gid:") continue;
    unsigned real = 0, effective = 0;
    words >> real >> effective;
    found.changed_user = found.changed_user || real != effective;
    struct stat file {};
    // The kernel gives the files of such a process to root.
    if (key == "Uid:" && effective != 0 &&
        stat(("/proc/" + std::to_string(pid) + "/environ").c_str(), &file) == 0)
      found.not_dumpable = file.st_uid == 0;
  }
}

}  // namespace

Confinement confinement_of(pid_t pid) {
  Confinement found;
  for (const char* kind : {"pid", "mnt", "user", "net"}) {
    std::error_code error;
    const std::string end = std::string("/ns/") + kind;
    const auto theirs = std::filesystem::read_symlink("/proc/" + std::to_string(pid) + end, error);
    const auto ours = std::filesystem::read_symlink("/proc/self" + end, error);
    if (!error && theirs != ours) found.namespaces.emplace_back(kind);
  }
  std::ifstream("/proc/sys/kernel/yama/ptrace_scope") >> found.yama;
  read_status(pid, found);
  return found;
}

}  // namespace track::process
