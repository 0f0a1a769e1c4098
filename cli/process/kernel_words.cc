#include "cli/process/kernel_words.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace track::process {
namespace {

namespace fs = std::filesystem;

// "tfd:        5 events:       19 data:     7f12a0c3e2a0  pos:0 ino:..."
void read_epoll(const std::string& directory, const std::string& fd, KernelHeld& held) {
  std::ifstream file(directory + "/fdinfo/" + fd);
  for (std::string line; std::getline(file, line);) {
    const size_t at = line.find("data:");
    if (line.compare(0, 4, "tfd:") != 0 || at == std::string::npos) continue;
    held.words.push_back(
        {std::strtoull(line.c_str() + at + 5, nullptr, 16), "epoll descriptor " + fd});
  }
}

// "ID: 0", "signal: 60/00007fff86e452a8": the second is the pointer that came with it.
void read_timers(const std::string& directory, KernelHeld& held) {
  std::ifstream file(directory + "/timers");
  std::string id;
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, 3, "ID:") == 0) id = line.substr(3);
    const size_t slash = line.find('/');
    if (line.compare(0, 7, "signal:") != 0 || slash == std::string::npos) continue;
    held.words.push_back(
        {std::strtoull(line.c_str() + slash + 1, nullptr, 16), "POSIX timer" + id});
  }
}

}  // namespace

KernelHeld kernel_held(const ProcessImage& image) {
  KernelHeld held;
  for (const Mapping& mapping : image.mappings)
    if (mapping.path.compare(0, 6, "/[aio]") == 0) {
      held.blind.emplace_back("asynchronous I/O (aio) is in use, which may hold pointers");
      break;
    }
  if (image.core) return held;
  const std::string directory = "/proc/" + std::to_string(image.pid);
  read_timers(directory, held);
  std::error_code error;
  bool uring = false;
  auto entry = fs::directory_iterator(directory + "/fd", error);
  if (error) {
    held.blind.emplace_back("the process's descriptors may not be looked at (epoll, io_uring)");
    return held;
  }
  for (; entry != fs::directory_iterator(); entry.increment(error)) {
    if (error) break;
    std::error_code ignored;
    const std::string target = fs::read_symlink(entry->path(), ignored).string();
    if (target == "anon_inode:[eventpoll]")
      read_epoll(directory, entry->path().filename().string(), held);
    uring = uring || target.find("io_uring") != std::string::npos;
  }
  if (uring) held.blind.emplace_back("io_uring is in use, which may hold pointers");
  return held;
}

}  // namespace track::process
