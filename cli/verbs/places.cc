#include "cli/verbs/places.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/model/error.h"
#include "cli/verbs/sweep.h"
#include "libtrack/wire/places.h"

namespace track::verbs {
namespace {

std::string own_directory() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

// Of what is there, or of the nearest directory above it that is.
bool copies_on_write(std::filesystem::path path) {
  struct statfs file_system {};
  while (statfs(path.c_str(), &file_system) != 0) {
    if (errno != ENOENT || !path.has_relative_path()) return false;
    path = path.parent_path();
  }
  return wire::copies_on_write(static_cast<uint64_t>(file_system.f_type));
}

void require_own_directory(const std::string& path) {
  std::error_code error;
  if (copies_on_write(path))
    throw Error(
        "recordings cannot lie in " + path +
        ": where files are copied on write (btrfs, bcachefs, ZFS), a program that writes to "
        "a mapped one is ended by SIGBUS once the disk is full; name another with --dir");
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
  // Who may rename what is in it may put something else there.
  if ((status.st_mode & 022) != 0 && (status.st_mode & S_ISVTX) == 0)
    throw Error("others may write to " + path + ": chmod go-w it, or name another with --dir");
}

}  // namespace

std::string recordings_directory(const std::string& asked) {
  if (!asked.empty()) return std::filesystem::absolute(asked).string();
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr && *runtime == '/')
    if (const std::string place = std::string(runtime) + "/track"; !copies_on_write(place))
      return place;
  const std::string name = "track-" + std::to_string(geteuid());
  return (copies_on_write("/tmp") ? "/dev/shm/" : "/tmp/") + name;
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
  // Between its creation and the lock another run may have swept it: then once more.
  while (!create(recordings)) {
  }
}

bool Session::create(const std::string& recordings) {
  path_ = recordings + (kept_ ? "/kept." : "/run.") + std::to_string(getpid()) + ".XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) {
    const std::string why = std::strerror(errno);
    throw Error("cannot create a directory in " + recordings + ": " + why +
                "; name another with --dir");
  }
  lock_ = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (lock_ < 0 && errno == ENOENT) return false;
  if (lock_ < 0) throw Error("cannot open " + path_ + ": " + std::strerror(errno));
  flock(lock_, LOCK_SH);  // where there are no locks, our number in the name has to do
  struct stat status {};
  if (lstat(path_.c_str(), &status) == 0) return true;
  close(lock_);
  return false;
}

Session::~Session() {
  if (!kept_) {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  close(lock_);
}

}  // namespace track::verbs
