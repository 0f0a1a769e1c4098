#include "cli/verbs/sweep.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "cli/model/error.h"
#include "cli/process/locate.h"
#include "cli/process/proc.h"
#include "cli/read/recording.h"

namespace track::verbs {
namespace {

constexpr size_t kKeptAfterCrash = 16;
constexpr uint64_t kKeptBytes = uint64_t{256} << 20;

// Who still writes. The number in a file's name is that of the writer's own pid namespace, so that
// mappings are looked at too; only where something would go, for it means to look at everybody.
class Writers {
 public:
  bool any(const read::RecordingFile& file) {
    struct stat status {};
    if (process::exists(file.pid)) return true;
    if (lstat(file.path.c_str(), &status) != 0) return false;
    if (!inodes_) {
      inodes_.emplace();
      for (const auto& tracked : process::tracked_processes()) inodes_->insert(tracked.inode);
    }
    return inodes_->count(status.st_ino) != 0;
  }

 private:
  std::optional<std::set<uint64_t>> inodes_;
};

// A run may end, and take its directory along, while we look.
std::vector<read::RecordingFile> recordings_in(const std::string& directory) {
  try {
    return read::list_recordings(directory);
  } catch (const Error&) {
    return {};
  }
}

// Recordings of processes that are gone stay for a post-mortem: the newest few, within a size.
void cap_leftovers(const std::string& recordings, Writers& writers) {
  struct Leftover {
    read::RecordingFile file;
    timespec written;
    uint64_t bytes;
  };
  std::vector<Leftover> all;
  for (const auto& file : recordings_in(recordings)) {
    struct stat status {};
    if (process::exists(file.pid) || lstat(file.path.c_str(), &status) != 0) continue;
    all.push_back({file, status.st_mtim, static_cast<uint64_t>(status.st_blocks) * 512});
  }
  std::sort(all.begin(), all.end(), [](const Leftover& a, const Leftover& b) {
    return std::tie(a.written.tv_sec, a.written.tv_nsec) >
           std::tie(b.written.tv_sec, b.written.tv_nsec);
  });
  uint64_t bytes = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    bytes += all[i].bytes;
    if ((i >= kKeptAfterCrash || bytes > kKeptBytes) && !writers.any(all[i].file))
      unlink(all[i].file.path.c_str());
  }
}

// The lock is its `track`'s; the process number is asked too, for file systems without locks.
void sweep_run(const std::string& path, int pid, Writers& writers) {
  if (process::exists(pid)) return;
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  const auto files = recordings_in(path);
  const auto written = [&](const read::RecordingFile& file) { return writers.any(file); };
  std::error_code error;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0 && std::none_of(files.begin(), files.end(), written))
    std::filesystem::remove_all(path, error);
  close(fd);
}

}  // namespace

void sweep(const std::string& recordings) {
  struct stat status {};
  if (lstat(recordings.c_str(), &status) != 0 || status.st_uid != geteuid()) return;
  Writers writers;
  std::error_code error;
  auto entry = std::filesystem::directory_iterator(recordings, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    int pid = 0;
    if (std::sscanf(entry->path().filename().c_str(), "run.%d.", &pid) == 1)
      sweep_run(entry->path().string(), pid, writers);
  }
  cap_leftovers(recordings, writers);
}

}  // namespace track::verbs
