#include "cli/verbs/places.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <tuple>
#include <vector>

#include "cli/model/error.h"
#include "cli/process/proc.h"
#include "cli/read/recording.h"

namespace track::verbs {
namespace {

std::string own_directory() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

void require_own_directory(const std::string& path) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    throw Error("cannot create the directory of recordings " + path + ": " + std::strerror(errno) +
                "; name another with --dir");
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0)
    throw Error("cannot look at " + path + ": " + std::strerror(errno));
  if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid())
    throw Error(path + " is not a directory of this user's; name another with --dir");
}

constexpr size_t kKeptAfterCrash = 16;
constexpr uint64_t kKeptBytes = uint64_t{256} << 20;

// Recordings of processes that are gone stay for a post-mortem: the newest few, within a size.
void cap_leftovers(const std::string& recordings) {
  struct Leftover {
    std::string path;
    timespec written;
    uint64_t bytes;
  };
  std::vector<Leftover> all;
  for (const auto& file : read::list_recordings(recordings)) {
    struct stat status {};
    if (process::exists(file.pid) || lstat(file.path.c_str(), &status) != 0) continue;
    all.push_back({file.path, status.st_mtim, static_cast<uint64_t>(status.st_blocks) * 512});
  }
  std::sort(all.begin(), all.end(), [](const Leftover& a, const Leftover& b) {
    return std::tie(a.written.tv_sec, a.written.tv_nsec) >
           std::tie(b.written.tv_sec, b.written.tv_nsec);
  });
  uint64_t bytes = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    bytes += all[i].bytes;
    if (i >= kKeptAfterCrash || bytes > kKeptBytes) unlink(all[i].path.c_str());
  }
}

// Removes what runs left behind that were killed before they could.
void sweep_runs(const std::string& recordings) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(recordings, error)) {
    int pid = 0;
    if (std::sscanf(entry.path().filename().c_str(), "run.%d.", &pid) != 1 || process::exists(pid))
      continue;
    const auto files = read::list_recordings(entry.path().string());
    if (std::none_of(files.begin(), files.end(),
                     [](const read::RecordingFile& file) { return process::exists(file.pid); }))
      std::filesystem::remove_all(entry.path(), error);
  }
}

}  // namespace

void sweep(const std::string& recordings) {
  struct stat status {};
  if (lstat(recordings.c_str(), &status) != 0 || status.st_uid != geteuid()) return;
  sweep_runs(recordings);
  cap_leftovers(recordings);
}

std::string recordings_directory(const std::string& asked) {
  if (!asked.empty()) return std::filesystem::absolute(asked).string();
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr && *runtime == '/')
    return std::string(runtime) + "/track";
  return "/tmp/track-" + std::to_string(geteuid());
}

std::string find_library() {
  const char* named = std::getenv("TRACK_LIBRARY");
  std::string path;
  if (named != nullptr && *named != 0) {
    path = std::filesystem::absolute(named).string();
    if (access(path.c_str(), R_OK) != 0)
      throw Error("TRACK_LIBRARY names " + path +
                  ", which cannot be read: " + std::strerror(errno));
  } else {
    const std::string beside = own_directory();
    for (const std::string& candidate :
         {beside + "/../lib/libtrack.so", beside + "/../lib/x86_64-linux-gnu/libtrack.so",
          std::string("/usr/local/lib/libtrack.so"),
          std::string("/usr/lib/x86_64-linux-gnu/libtrack.so")})
      if (access(candidate.c_str(), R_OK) == 0) {
        path = std::filesystem::weakly_canonical(candidate).string();
        break;
      }
    if (path.empty())
      throw Error("libtrack.so is not in ../lib beside " + beside +
                  "/track, nor installed; name it with TRACK_LIBRARY=/path/libtrack.so");
  }
  if (path.find_first_of(" :") != std::string::npos)
    throw Error("the loader cannot preload " + path +
                ": its path has a space or a colon; copy it elsewhere and set TRACK_LIBRARY");
  return path;
}

Session::Session(const std::string& recordings, bool kept) : kept_(kept) {
  if (recordings.find(':') != std::string::npos)
    throw Error("the directory of recordings " + recordings +
                " has a colon in its name; name another with --dir");
  require_own_directory(recordings);
  sweep(recordings);
  path_ = recordings + (kept ? "/kept." : "/run.") + std::to_string(getpid()) + ".XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) {
    const std::string why = std::strerror(errno);
    throw Error("cannot create a directory in " + recordings + ": " + why +
                "; name another with --dir");
  }
}

Session::~Session() {
  if (kept_) return;
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

}  // namespace track::verbs
