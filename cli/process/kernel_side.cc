#include "cli/process/kernel_side.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "cli/process/channel_ends.h"
#include "cli/process/channels.h"
#include "cli/process/proc.h"

namespace track::process {
namespace {

namespace fs = std::filesystem;

// "tfd:        5 events:       19 data:     7f12a0c3e2a0  pos:0 ino:..."
void read_epoll(const std::string& directory, const std::string& fd, KernelSide& held) {
  std::ifstream file(directory + "/fdinfo/" + fd);
  for (std::string line; std::getline(file, line);) {
    const size_t at = line.find("data:");
    if (line.compare(0, 4, "tfd:") != 0 || at == std::string::npos) continue;
    held.words.push_back(
        {std::strtoull(line.c_str() + at + 5, nullptr, 16), "epoll descriptor " + fd});
  }
}

// "ID: 0", "signal: 60/00007fff86e452a8": the second is the pointer that came with it.
void read_timers(const std::string& directory, KernelSide& held) {
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

uint64_t mask(pid_t pid, const char* field) {
  return std::strtoull(status_field(pid, field).c_str(), nullptr, 16);
}

// libc's own signals: thread cancellation and set*id in all threads.
constexpr uint64_t kOfLibc = uint64_t{3} << 31;

void read_signals(pid_t pid, KernelSide& held) {
  held.handled_signals = mask(pid, "SigCgt") & ~kOfLibc;
  bool pending = (mask(pid, "ShdPnd") & ~kOfLibc) != 0;
  for (const pid_t tid : thread_ids(pid))
    pending = pending || (mask(tid, "SigPnd") & ~kOfLibc) != 0;
  if (pending) held.blind.emplace_back("signals are pending, which may carry references");
}

void read_descriptors(const std::string& directory, KernelSide& held) {
  std::error_code error;
  bool uring = false, faults = false, file = false;
  auto entry = fs::directory_iterator(directory + "/fd", error);
  if (error) {
    held.blind.emplace_back("the process's descriptors may not be looked at (epoll, io_uring)");
    return;
  }
  for (; entry != fs::directory_iterator(); entry.increment(error)) {
    if (error) break;
    std::error_code ignored;
    const std::string target = fs::read_symlink(entry->path(), ignored).string();
    if (target == "anon_inode:[eventpoll]")
      read_epoll(directory, entry->path().filename().string(), held);
    uring = uring || target.find("io_uring") != std::string::npos;
    faults = faults || target.find("[userfaultfd]") != std::string::npos;
    file = file || target.compare(0, 7, "/memfd:") == 0 || target.compare(0, 9, "/dev/shm/") == 0;
  }
  if (uring) held.blind.emplace_back("io_uring is in use, which may hold pointers");
  if (faults)
    held.blind.emplace_back(
        "userfaultfd is in use: the program may keep pages, and references in them, elsewhere");
  if (file) held.doubts.emplace_back("a memory file is open, which may hold references");
}

// The numbers of System V segments that the process has mapped: their inodes.
std::set<uint64_t> mapped_segments(const std::string& directory) {
  std::set<uint64_t> numbers;
  std::ifstream file(directory + "/maps");
  for (std::string line; std::getline(file, line);) {
    if (line.find("/SYSV") == std::string::npos) continue;
    std::istringstream fields(line);
    std::string range, access, offset, device;
    uint64_t inode = 0;
    if (fields >> range >> access >> offset >> device >> inode) numbers.insert(inode);
  }
  return numbers;
}

// Memory that shmdt put away and shmat can bring back.
// "key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap"
void read_segments(pid_t pid, const std::string& directory, KernelSide& held) {
  std::ifstream file("/proc/sysvipc/shm");
  std::vector<uint64_t> own;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    int64_t key = 0, id = 0, permissions = 0, bytes = 0, creator = 0, last = 0, rest = 0;
    if (!(fields >> key >> id >> permissions >> bytes >> creator >> last)) continue;
    if (creator != pid && last != pid) continue;
    for (int i = 0; i < 8; ++i) fields >> rest;
    int64_t resident = 0, swapped = 0;
    const bool told = static_cast<bool>(fields >> resident >> swapped);
    if (!told || resident != 0 || swapped != 0) own.push_back(static_cast<uint64_t>(id));
  }
  if (own.empty()) return;
  const std::set<uint64_t> mapped = mapped_segments(directory);
  if (std::any_of(own.begin(), own.end(), [&](uint64_t id) { return mapped.count(id) == 0; }))
    held.doubts.emplace_back(
        "a segment of shared memory (shmget) that is not mapped now may hold references");
}

// What was written there can be read at once: asked at the instant that memory is of, an empty one
// carries nothing. The others have bytes on the way that no call tells.
bool tells_all(const std::string& kind) {
  return kind == "a pipe" || kind == "a named pipe" || kind == "a socket pair";
}

}  // namespace

KernelSide look_at_kernel(pid_t pid, bool with_channels) {
  KernelSide held;
  try {
    const std::string directory = "/proc/" + std::to_string(pid);
    read_signals(pid, held);
    read_timers(directory, held);
    read_descriptors(directory, held);
    read_segments(pid, directory, held);
    Channels channels = find_channels(pid);
    for (const std::string& kind : channels.waiting)
      held.unread.push_back("bytes that nobody has read yet wait in " + kind +
                            " inside this process: they may be references");
    for (const std::string& kind : channels.inside)
      if (!tells_all(kind) && std::find(channels.waiting.begin(), channels.waiting.end(), kind) ==
                                  channels.waiting.end())
        held.carriers.push_back(kind + " with both ends in this process may carry references");
    std::move(channels.words.begin(), channels.words.end(), std::back_inserter(held.words));
    if (with_channels) held.channels = channel_ends(pid);
  } catch (const std::exception& problem) {
    held.blind.push_back(std::string("what the kernel holds could not be read: ") + problem.what());
  }
  return held;
}

bool shares_its_memory(pid_t pid) {
  constexpr int kMemory = 1;  // KCMP_VM
  for (const pid_t other : all_pids())
    if (other != pid && syscall(SYS_kcmp, pid, other, kMemory, 0, 0) == 0) return true;
  return false;
}

}  // namespace track::process
