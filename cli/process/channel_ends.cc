#include "cli/process/channel_ends.h"

#include <linux/kcmp.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string_view>

#include "cli/process/descriptor_names.h"
#include "cli/process/proc.h"

namespace track::process {
namespace {

namespace fs = std::filesystem;

// Which Unix socket is connected to which, by inode: the kernel's answer for the network namespace
// that we are in.
std::map<uint64_t, uint64_t> socket_peers(pid_t pid) {
  std::map<uint64_t, uint64_t> peers;
  struct stat own {
  }, its{};
  if (stat("/proc/self/ns/net", &own) != 0 ||
      stat(("/proc/" + std::to_string(pid) + "/ns/net").c_str(), &its) != 0 ||
      own.st_ino != its.st_ino)
    return peers;
  const int link = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (link < 0) return peers;
  struct {
    nlmsghdr header;
    unix_diag_req request;
  } question{};
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.request.sdiag_family = AF_UNIX;
  question.request.udiag_states = ~0u;
  question.request.udiag_show = UDIAG_SHOW_PEER;
  const timeval patience{1, 0};
  setsockopt(link, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  bool more = send(link, &question, sizeof question, 0) == static_cast<ssize_t>(sizeof question);
  std::vector<char> answer(1 << 16);
  while (more) {
    ssize_t left = recv(link, answer.data(), answer.size(), 0);
    if (left <= 0) break;
    for (auto* at = reinterpret_cast<nlmsghdr*>(answer.data()); NLMSG_OK(at, left);
         at = NLMSG_NEXT(at, left)) {
      if (at->nlmsg_type == NLMSG_DONE || at->nlmsg_type == NLMSG_ERROR) {
        more = false;
        break;
      }
      const auto* socket = static_cast<const unix_diag_msg*>(NLMSG_DATA(at));
      auto rest = static_cast<ssize_t>(at->nlmsg_len - NLMSG_SPACE(sizeof *socket));
      auto* field = reinterpret_cast<const nlattr*>(reinterpret_cast<const char*>(at) +
                                                    NLMSG_SPACE(sizeof *socket));
      while (rest >= static_cast<ssize_t>(sizeof *field) && field->nla_len >= sizeof *field &&
             field->nla_len <= rest) {
        if (field->nla_type == UNIX_DIAG_PEER && field->nla_len >= NLA_HDRLEN + 4) {
          uint32_t peer = 0;
          std::memcpy(&peer, reinterpret_cast<const char*>(field) + NLA_HDRLEN, sizeof peer);
          peers[socket->udiag_ino] = peer;
        }
        const auto step = static_cast<ssize_t>(NLA_ALIGN(field->nla_len));
        rest -= step;
        field = reinterpret_cast<const nlattr*>(reinterpret_cast<const char*>(field) + step);
      }
    }
  }
  close(link);
  return peers;
}

// What a copy of a descriptor says at once: what it is ready for, and whether it gives up waiting.
class Copy {
 public:
  Copy(int pidfd, int descriptor)
      : copy_(pidfd < 0 ? -1 : static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, descriptor, 0))) {}
  ~Copy() {
    if (copy_ >= 0) close(copy_);
  }
  Copy(const Copy&) = delete;

  bool known() const { return copy_ >= 0; }
  short ready() const {
    pollfd question{copy_, POLLIN | POLLOUT | POLLPRI | POLLRDHUP, 0};
    return poll(&question, 1, 0) < 0 ? static_cast<short>(~0) : question.revents;
  }
  bool gives_up() const {
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
      timeval limit{};
      socklen_t bytes = sizeof limit;
      if (getsockopt(copy_, SOL_SOCKET, option, &limit, &bytes) != 0 || limit.tv_sec != 0 ||
          limit.tv_usec != 0)
        return true;
    }
    return false;
  }

 private:
  int copy_;
};

// A server's are its clients' connections, and every question takes time while it stands still.
constexpr int kMostSockets = 32;

class Lister {
 public:
  explicit Lister(pid_t pid) : pid_(pid), directory_("/proc/" + std::to_string(pid)) {}

  InnerChannels list() {
    for (const pid_t tid : thread_ids(pid_))
      if (tid != pid_ && syscall(SYS_kcmp, pid_, tid, KCMP_FILES, 0, 0) != 0) return {};
    for_each_descriptor(pid_, [&](int descriptor, const std::string& target, const fs::path& link) {
      add(descriptor, target, link);
    });
    if (drivers_)
      std::erase_if(found_, [](const ChannelEnd& e) { return e.sort == ChannelSort::eventfd; });
    const auto is_socket = [](const ChannelEnd& e) { return e.sort == ChannelSort::socket_pair; };
    const auto sockets = std::count_if(found_.begin(), found_.end(), is_socket);
    if (sockets > kMostSockets)
      std::erase_if(found_, is_socket);
    else if (sockets != 0)
      add_peers();
    connect();
    for (EpollSet& set : epolls_) read_epoll(set);
    ask();
    return {std::move(found_), std::move(epolls_)};
  }

 private:
  // The links' own permissions say what each descriptor is open for.
  void add(int descriptor, const std::string& target, const fs::path& link) {
    drivers_ = drivers_ || of_driver(target);
    if (target == kEpoll) epolls_.push_back({descriptor, {}, true});
    ChannelEnd end;
    end.descriptor = descriptor;
    if (inode_of(target, "pipe", end.identity))
      end.sort = ChannelSort::pipe;
    else if (inode_of(target, "socket", end.identity))
      end.sort = ChannelSort::socket_pair;
    else if (target == kEventfd)
      end.sort = ChannelSort::eventfd;
    else
      return;
    if (end.sort == ChannelSort::eventfd) {
      const std::string number = descriptor_field(pid_, descriptor, "eventfd-id:");
      if (number.empty()) return;
      end.identity = std::strtoull(number.c_str(), nullptr, 10);
    }
    std::error_code gone;
    const fs::perms allowed = fs::symlink_status(link, gone).permissions();
    end.reads = (allowed & fs::perms::owner_read) != fs::perms::none;
    end.writes = (allowed & fs::perms::owner_write) != fs::perms::none;
    end.peer = end.identity;
    found_.push_back(end);
  }

  // A driver may have been given an eventfd to write to (KVM, vfio), whoever sleeps.
  static bool of_driver(const std::string& target) {
    constexpr std::string_view kHarmless[] = {"/dev/null",
                                              "/dev/zero",
                                              "/dev/full",
                                              "/dev/random",
                                              "/dev/urandom",
                                              "/dev/tty",
                                              "/dev/pts/",
                                              "/dev/shm/",
                                              "/dev/ptmx",
                                              "/dev/console",
                                              "/dev/mqueue",
                                              "anon_inode:[event",
                                              "anon_inode:[timerfd]",
                                              "anon_inode:[signalfd]",
                                              "anon_inode:inotify",
                                              "anon_inode:[pidfd]"};
    return (target.compare(0, 5, "/dev/") == 0 || target.compare(0, 11, "anon_inode:") == 0) &&
           std::none_of(std::begin(kHarmless), std::end(kHarmless), [&](std::string_view name) {
             return target.compare(0, name.size(), name) == 0;
           });
  }

  // "tfd:        5 events:       19 data: ...": numbers as of when they were given.
  void read_epoll(EpollSet& set) const {
    std::ifstream file(directory_ + "/fdinfo/" + std::to_string(set.descriptor));
    for (std::string line; set.certain && std::getline(file, line);) {
      if (line.compare(0, 4, "tfd:") != 0) continue;
      const int watched = std::atoi(line.c_str() + 4);
      kcmp_epoll_slot slot{static_cast<uint32_t>(set.descriptor), static_cast<uint32_t>(watched),
                           0};
      set.certain = std::any_of(found_.begin(), found_.end(),
                                [&](const ChannelEnd& e) { return e.descriptor == watched; }) &&
                    syscall(SYS_kcmp, pid_, pid_, KCMP_EPOLL_TFD, watched, &slot) == 0;
      set.watched.push_back(watched);
    }
  }

  void add_peers() {
    const std::map<uint64_t, uint64_t> peers = socket_peers(pid_);
    std::erase_if(found_, [&](ChannelEnd& end) {
      if (end.sort != ChannelSort::socket_pair) return false;
      const auto peer = peers.find(end.identity);
      if (peer == peers.end() || peer->second == 0) return true;
      end.peer = peer->second;
      return false;
    });
  }

  // Of a pipe the other end is one that is open for the other direction.
  void connect() {
    for (ChannelEnd& end : found_)
      for (const ChannelEnd& other : found_) {
        if (&other == &end || other.sort != end.sort || other.identity != end.peer) continue;
        if (end.sort == ChannelSort::pipe && !(end.reads ? other.writes : other.reads)) continue;
        end.others.push_back(other.descriptor);
      }
    std::erase_if(found_, [](const ChannelEnd& end) {
      // An eventfd's other end is itself.
      return end.others.empty() && end.sort != ChannelSort::eventfd && !(end.reads && end.writes);
    });
  }

  void ask() {
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    for (ChannelEnd& end : found_) {
      const Copy copy(pidfd, end.descriptor);
      end.ready = copy.known() ? copy.ready() : static_cast<short>(~0);
      end.gives_up = !copy.known() || (end.sort == ChannelSort::socket_pair && copy.gives_up());
    }
    if (pidfd >= 0) close(pidfd);
  }

  pid_t pid_;
  std::string directory_;
  std::vector<ChannelEnd> found_;
  std::vector<EpollSet> epolls_;
  bool drivers_ = false;
};

bool of_descriptor(const Wait& wait) {
  return wait.kind == WaitKind::read || wait.kind == WaitKind::write ||
         wait.kind == WaitKind::poll || wait.kind == WaitKind::epoll;
}

}  // namespace

InnerChannels channel_ends(pid_t pid) {
  return Lister(pid).list();
}

void note_channels(Trace& trace) {
  const std::string directory = "/proc/" + std::to_string(trace.pid) + "/fd/";
  bool worth = false, all_wait = true;
  for (const Thread& thread : trace.threads) {
    if (thread.state == TaskState::ended) continue;
    all_wait = all_wait && thread.state == TaskState::blocked && !thread.wait.timed;
    if (thread.state != TaskState::blocked || !of_descriptor(thread.wait)) continue;
    std::error_code gone;
    const std::string target =
        fs::read_symlink(directory + std::to_string(thread.wait.object), gone).string();
    uint64_t inode = 0;
    worth = worth || inode_of(target, "pipe", inode) || inode_of(target, "socket", inode) ||
            target == kEventfd;
  }
  all_wait = all_wait && std::any_of(trace.threads.begin(), trace.threads.end(),
                                     [](const Thread& t) { return of_descriptor(t.wait); });
  if (worth || all_wait) trace.channels = channel_ends(trace.pid).ends;
}

}  // namespace track::process
