#include "cli/push/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "cli/model/error.h"
#include "cli/read/clock.h"

namespace track::push {
namespace {

constexpr const char* kEnding = ".profile";
constexpr uint64_t kLargest = 256 << 20;  // of one; more is not ours

std::string reason() {
  return std::strerror(errno);
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool write_all(int fd, const std::string& bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written = write(fd, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    done += static_cast<size_t>(written);
  }
  return true;
}

}  // namespace

Spool::Spool(std::string directory, uint64_t most_bytes)
    : directory_(std::move(directory)), most_bytes_(most_bytes) {
  std::error_code error;
  const auto parent = std::filesystem::path(directory_).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  mkdir(directory_.c_str(), 0700);
  struct stat status {};
  if (lstat(directory_.c_str(), &status) != 0)
    throw Error("--spool: " + directory_ + " cannot be made: " + reason());
  if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 077) != 0)
    throw Error("--spool: " + directory_ +
                " is not a directory that only you may use (chmod 700); profiles name your code");
  if (access(directory_.c_str(), W_OK | X_OK) != 0)
    throw Error("--spool: " + directory_ + ": " + reason());
  // What one left behind that was killed while it wrote.
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    const std::string name = entry.path().filename().string();
    const size_t pid_at = name.rfind('.');
    if (!name.starts_with("new.") || pid_at == std::string::npos) continue;
    const int pid = std::atoi(name.c_str() + pid_at + 1);
    if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) unlink(entry.path().c_str());
  }
}

std::vector<std::string> Spool::names() const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error))
    if (entry.path().filename().string().ends_with(kEnding))
      names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

bool Spool::empty() const {
  return names().empty();
}

size_t Spool::size() const {
  return names().size();
}

void Spool::make_room(uint64_t bytes) {
  const std::vector<std::string> all = names();
  std::vector<uint64_t> sizes;
  uint64_t sum = bytes;
  for (const std::string& name : all) {
    std::error_code error;
    const uint64_t size = std::filesystem::file_size(directory_ + "/" + name, error);
    sizes.push_back(error ? 0 : size);
    sum += sizes.back();
  }
  for (size_t i = 0; i < all.size() && sum > most_bytes_; ++i) {
    if (unlink((directory_ + "/" + all[i]).c_str()) == 0) ++dropped_;
    sum -= sizes[i];
  }
}

void Spool::put(const std::string& bytes) {
  if (bytes.size() > most_bytes_) {
    ++dropped_;
    return;
  }
  make_room(bytes.size());
  // In the order of their names; the clock may be set back, not below what is there.
  const std::vector<std::string> all = names();
  uint64_t number = read::realtime_now_ns();
  if (!all.empty())
    number = std::max<uint64_t>(number, std::strtoull(all.back().c_str(), nullptr, 10) + 1);
  const std::string name = fmt::format("{:020}.{}.{:06}{}", number, getpid(), made_++, kEnding);
  const std::string temporary = directory_ + "/new." + std::to_string(getpid());
  {
    const File file(
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file.fd() < 0 || !write_all(file.fd(), bytes) || fsync(file.fd()) != 0) {
      const std::string why = reason();
      unlink(temporary.c_str());
      throw Error("the spool " + directory_ + " cannot be written: " + why);
    }
  }
  if (rename(temporary.c_str(), (directory_ + "/" + name).c_str()) != 0)
    throw Error("the spool " + directory_ + " cannot be written: " + reason());
}

bool Spool::drain(const std::function<bool(const std::string& bytes)>& send) {
  const File lock(
      open((directory_ + "/lock").c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (lock.fd() < 0 || flock(lock.fd(), LOCK_EX | LOCK_NB) != 0) return false;
  for (const std::string& name : names()) {
    const std::string path = directory_ + "/" + name;
    std::error_code error;
    if (std::filesystem::file_size(path, error) > kLargest || error) {
      // Gone, to make room, or not ours.
      if (!error) ++damaged_;
      unlink(path.c_str());
      continue;
    }
    std::ifstream file(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    try {
      if (!send(bytes)) return false;
    } catch (const Error&) {
      ++damaged_;
    }
    unlink(path.c_str());
  }
  return true;
}

std::string default_spool(const std::string& url, const std::string& tenant) {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  std::string base = state != nullptr && *state == '/' ? state
                     : home != nullptr && *home == '/' ? std::string(home) + "/.local/state"
                                                       : "/tmp/track-" + std::to_string(geteuid());
  // FNV-1a: the same from run to run.
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : url + "\n" + tenant)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  std::string host = url.substr(std::min(url.find("//") + 2, url.size()));
  host = host.substr(0, host.find('/'));
  for (char& c : host)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '-') c = '_';
  return base + "/track/push/" + host + fmt::format("-{:016x}", hash);
}

}  // namespace track::push
