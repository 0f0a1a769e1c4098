#include "cli/process/channels.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <tuple>

namespace track::process {
namespace {

namespace fs = std::filesystem;

constexpr long kQueueFilesystem = 0x19800202;

struct Descriptor {
  int number = -1;
  std::string target;  // "pipe:[123]"
  bool read = false, write = false;
};

class Finder {
 public:
  explicit Finder(pid_t pid) : pid_(pid), directory_("/proc/" + std::to_string(pid)) {
    list();
    pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  }
  ~Finder() {
    if (pidfd_ >= 0) close(pidfd_);
  }
  Finder(const Finder&) = delete;

  Channels find() {
    find_pipes();
    find_named_pipes();
    find_terminals();
    if (!sockets_.empty()) {
      find_unix_pairs();
      if (!find_connections())
        for (const char* table : {"tcp", "tcp6", "udp", "udp6"}) find_loops(table);
    }
    find_queues();
    find_eventfds();
    return std::move(result_);
  }

 private:
  // The links' own permissions say what each descriptor is open for.
  void list() {
    std::error_code error;
    for (auto entry = fs::directory_iterator(directory_ + "/fd", error);
         !error && entry != fs::directory_iterator(); entry.increment(error)) {
      std::error_code gone;
      Descriptor fd;
      fd.number = std::atoi(entry->path().filename().c_str());
      fd.target = fs::read_symlink(entry->path(), gone).string();
      const fs::perms allowed = fs::symlink_status(entry->path(), gone).permissions();
      fd.read = (allowed & fs::perms::owner_read) != fs::perms::none;
      fd.write = (allowed & fs::perms::owner_write) != fs::perms::none;
      if (gone) continue;
      if (fd.target.compare(0, 8, "socket:[") == 0)
        sockets_[std::strtoull(fd.target.c_str() + 8, nullptr, 10)] = fd.number;
      descriptors_.push_back(std::move(fd));
    }
  }

  void note(const std::string& kind, int descriptor) {
    add(result_.inside, kind);
    if (waits(descriptor)) add(result_.waiting, kind);
  }
  static void add(std::vector<std::string>& to, const std::string& kind) {
    if (std::find(to.begin(), to.end(), kind) == to.end()) to.push_back(kind);
  }

  int copy_of(int descriptor) const {
    return pidfd_ < 0 ? -1 : static_cast<int>(syscall(SYS_pidfd_getfd, pidfd_, descriptor, 0));
  }

  // What cannot be asked may hold something.
  bool waits(int descriptor) const {
    const int copy = copy_of(descriptor);
    if (copy < 0) return true;
    int bytes = 0;
    const bool asked = ioctl(copy, FIONREAD, &bytes) == 0;
    const bool more = bytes == 0 && holds_datagram(copy);
    close(copy);
    return !asked || bytes != 0 || more;
  }

  // Of datagrams the length of the first one is told, and that may be nothing.
  static bool holds_datagram(int socket) {
    int type = 0;
    socklen_t length = sizeof type;
    pollfd ready{socket, POLLIN, 0};
    return getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_DGRAM &&
           poll(&ready, 1, 0) == 1 && (ready.revents & POLLIN) != 0;
  }

  // What the process was started with is of others. Of all else it may have written what waits
  // there, and closed its end since.
  static bool of_own_making(int descriptor) { return descriptor > STDERR_FILENO; }

  void find_pipes() {
    std::set<std::string> written;
    for (const Descriptor& fd : descriptors_)
      if (fd.write && fd.target.compare(0, 5, "pipe:") == 0) written.insert(fd.target);
    for (const Descriptor& fd : descriptors_) {
      if (!fd.read || fd.target.compare(0, 5, "pipe:") != 0) continue;
      if (written.count(fd.target) != 0 || (of_own_making(fd.number) && waits(fd.number)))
        note("a pipe", fd.number);
    }
  }

  void find_named_pipes() {
    std::map<std::pair<dev_t, ino_t>, std::pair<int, bool>> pipes;  // who reads, and is it written
    for (const Descriptor& fd : descriptors_) {
      struct stat info {};
      const std::string path = directory_ + "/fd/" + std::to_string(fd.number);
      if (fd.target.empty() || fd.target.front() != '/' || stat(path.c_str(), &info) != 0 ||
          !S_ISFIFO(info.st_mode))
        continue;
      const auto entry = pipes.try_emplace({info.st_dev, info.st_ino}, -1, false).first;
      if (fd.read) entry->second.first = fd.number;
      entry->second.second |= fd.write;
    }
    for (const auto& [identity, ends] : pipes)
      if (ends.first >= 0 && ends.second) note("a named pipe", ends.first);
  }

  // A terminal that the process made for itself: what one side writes, the other one reads.
  void find_terminals() {
    std::map<std::string, int> masters;
    for (const Descriptor& fd : descriptors_) {
      if (!fd.target.ends_with("/ptmx")) continue;
      std::ifstream file(directory_ + "/fdinfo/" + std::to_string(fd.number));
      for (std::string line; std::getline(file, line);)
        if (line.compare(0, 10, "tty-index:") == 0)
          masters["/dev/pts/" + std::to_string(std::atoi(line.c_str() + 10))] = fd.number;
    }
    if (masters.empty()) return;
    for (const Descriptor& fd : descriptors_) {
      const auto master = masters.find(fd.target);
      if (master == masters.end()) continue;
      note("a pseudoterminal", fd.number);
      note("a pseudoterminal", master->second);
    }
  }

  // Connected ones without a name, and those that a listener of this process accepted: of two, one
  // may be the other's end.
  void find_unix_pairs() {
    struct Connected {
      int descriptor;
      std::string path;
    };
    std::ifstream file(directory_ + "/net/unix");
    std::vector<Connected> connected, found;
    std::set<std::string> listening;
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      std::string number, count, protocol, flags, type, state, path;
      uint64_t inode = 0;
      if (!(fields >> number >> count >> protocol >> flags >> type >> state >> inode)) continue;
      fields >> path;
      const auto known = sockets_.find(inode);
      if (known == sockets_.end()) continue;
      if (flags == "00010000") listening.insert(path);
      if (state == "03") connected.push_back({known->second, path});
      // Anybody may send to a datagram socket that has a name: this process too.
      if (type == "0002" && !path.empty() && waits(known->second))
        note("a datagram socket", known->second);
    }
    std::copy_if(
        connected.begin(), connected.end(), std::back_inserter(found),
        [&](const Connected& c) { return c.path.empty() || listening.count(c.path) != 0; });
    const bool alone = found.size() < 2;
    for (const Connected& c : found)
      if (!alone || (of_own_making(c.descriptor) && waits(c.descriptor)))
        note("a socket pair", c.descriptor);
  }

  // Each socket is asked by itself: for the system's tables of connections the kernel walks through
  // several megabytes, and the process stands still meanwhile. False: they cannot be asked.
  bool find_connections() {
    std::map<std::tuple<int, End, End>, int> ends;
    for (const auto& [inode, descriptor] : sockets_) {
      const int copy = copy_of(descriptor);
      if (copy < 0) return false;
      int type = 0;
      socklen_t length = sizeof type;
      const bool asked = getsockopt(copy, SOL_SOCKET, SO_TYPE, &type, &length) == 0;
      const auto local = end_of(copy, getsockname), remote = end_of(copy, getpeername);
      close(copy);
      if (!asked) return false;
      if (!local) continue;  // of another family
      if (type == SOCK_DGRAM && waits(descriptor)) note("a datagram socket", descriptor);
      if (remote) ends[{type, *local, *remote}] = descriptor;
    }
    for (const auto& [names, descriptor] : ends) {
      const auto& [type, local, remote] = names;
      if (ends.count({type, remote, local}) != 0) note("a connection to itself", descriptor);
    }
    return true;
  }

  // Address and port; an address of IPv4 as IPv6 has it, since two such ends may be connected.
  using End = std::pair<std::array<uint8_t, 16>, uint16_t>;
  static std::optional<End> end_of(int socket, int (*ask)(int, sockaddr*, socklen_t*) noexcept) {
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    if (ask(socket, reinterpret_cast<sockaddr*>(&name), &length) != 0) return std::nullopt;
    End end{};
    if (name.ss_family == AF_INET6) {
      const auto& six = reinterpret_cast<const sockaddr_in6&>(name);
      std::memcpy(end.first.data(), &six.sin6_addr, 16);
      end.second = six.sin6_port;
    } else if (name.ss_family == AF_INET) {
      const auto& four = reinterpret_cast<const sockaddr_in&>(name);
      end.first[10] = end.first[11] = 0xff;
      std::memcpy(end.first.data() + 12, &four.sin_addr, 4);
      end.second = four.sin_port;
    } else {
      return std::nullopt;
    }
    return end;
  }

  void find_loops(const std::string& table) {
    std::ifstream file(directory_ + "/net/" + table);
    std::map<std::pair<std::string, std::string>, int> ends;
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      std::string slot, local, remote, state, queues, timer, retries, uid, timeout;
      uint64_t inode = 0;
      if (!(fields >> slot >> local >> remote >> state >> queues >> timer >> retries >> uid >>
            timeout >> inode))
        continue;
      const auto known = sockets_.find(inode);
      if (known == sockets_.end()) continue;
      ends[{local, remote}] = known->second;
      if (table.compare(0, 3, "udp") == 0 && waits(known->second))
        note("a datagram socket", known->second);
    }
    for (const auto& [end, descriptor] : ends)
      if (ends.count({end.second, end.first}) != 0) note("a connection to itself", descriptor);
  }

  void find_queues() {
    for (const Descriptor& fd : descriptors_) {
      struct statfs info {};
      const std::string path = directory_ + "/fd/" + std::to_string(fd.number);
      if (fd.target.size() < 2 || fd.target.front() != '/' || fd.target.rfind('/') != 0) continue;
      if (statfs(path.c_str(), &info) == 0 && info.f_type == kQueueFilesystem) {
        add(result_.inside, "a message queue");
        add(result_.waiting, "a message queue");
      }
    }
    // key msqid perms cbytes qnum lspid lrpid ...
    std::ifstream file("/proc/sysvipc/msg");
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      int64_t key = 0, id = 0, permissions = 0, bytes = 0, count = 0, sender = 0, receiver = 0;
      if (!(fields >> key >> id >> permissions >> bytes >> count >> sender >> receiver)) continue;
      if (sender != pid_ && receiver != pid_) continue;
      add(result_.inside, "a message queue");
      if (count != 0) add(result_.waiting, "a message queue");
    }
  }

  void find_eventfds() {
    for (const Descriptor& fd : descriptors_) {
      if (fd.target != "anon_inode:[eventfd]") continue;
      std::ifstream file(directory_ + "/fdinfo/" + std::to_string(fd.number));
      for (std::string line; std::getline(file, line);)
        if (line.compare(0, 14, "eventfd-count:") == 0)
          result_.words.push_back({std::strtoull(line.c_str() + 14, nullptr, 16),
                                   "eventfd " + std::to_string(fd.number)});
    }
  }

  pid_t pid_;
  std::string directory_;
  int pidfd_ = -1;
  std::vector<Descriptor> descriptors_;
  std::map<uint64_t, int> sockets_;  // by inode
  Channels result_;
};

}  // namespace

Channels find_channels(pid_t pid) {
  return Finder(pid).find();
}

}  // namespace track::process
