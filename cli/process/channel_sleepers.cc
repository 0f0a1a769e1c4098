// Who sleeps until bytes come through descriptors that nobody else has.
#include <linux/kcmp.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "cli/process/channel_ends.h"
#include "cli/process/descriptor_names.h"
#include "cli/process/proc.h"
#include "cli/process/system_calls.h"

namespace track::process {
namespace {

using Descriptors = std::set<int32_t>;

constexpr size_t kMostPolled = 1024;
constexpr short kReadable = POLLIN | POLLPRI | POLLRDHUP | POLLHUP | POLLERR | POLLNVAL;
constexpr short kWritable = POLLOUT | POLLHUP | POLLERR | POLLNVAL;

class Sleepers {
 public:
  Sleepers(const ProcessImage& image, const InnerChannels& channels)
      : image_(image), channels_(channels) {}

  // The descriptors that can wake it, all of them inner ones and not ready; nothing: it may wake
  // otherwise.
  std::optional<Descriptors> woken_by(const ImageThread& thread) const {
    const Wait wait = wait_of(thread);
    if (wait.timed) return std::nullopt;
    const auto descriptor = static_cast<int32_t>(thread.arguments[0]);
    switch (thread.system_call) {
      case SYS_read:
      case SYS_readv:
      case SYS_recvfrom:
      case SYS_recvmsg:
        return sleeps(descriptor, kReadable) ? std::optional(Descriptors{descriptor})
                                             : std::nullopt;
      case SYS_write:
      case SYS_writev:
      case SYS_sendto:
      case SYS_sendmsg:
        return sleeps(descriptor, kWritable) ? std::optional(Descriptors{descriptor})
                                             : std::nullopt;
      case SYS_poll:
      case SYS_ppoll:
        return polls(thread.arguments[0], thread.arguments[1]);
      case SYS_epoll_wait:
      case SYS_epoll_pwait:
        return waits_in(descriptor);
      default:
        return std::nullopt;
    }
  }

 private:
  bool sleeps(int32_t descriptor, short until) const {
    const auto end = std::find_if(channels_.ends.begin(), channels_.ends.end(),
                                  [&](const ChannelEnd& e) { return e.descriptor == descriptor; });
    if (end == channels_.ends.end() || end->gives_up || (end->ready & until) != 0) return false;
    if ((until & POLLIN) != 0) return end->reads;
    return end->writes && end->sort != ChannelSort::eventfd;
  }

  std::optional<Descriptors> polls(uint64_t list, uint64_t count) const {
    if (count == 0 || count > kMostPolled) return std::nullopt;
    std::vector<pollfd> asked(count);
    if (!image_.read(list, asked.data(), count * sizeof(pollfd))) return std::nullopt;
    Descriptors all;
    for (const pollfd& one : asked) {
      if (one.fd < 0) continue;
      if ((one.events & POLLOUT) != 0 || !sleeps(one.fd, kReadable)) return std::nullopt;
      all.insert(one.fd);
    }
    return all.empty() ? std::nullopt : std::optional(std::move(all));
  }

  std::optional<Descriptors> waits_in(int32_t descriptor) const {
    const auto set = std::find_if(channels_.epolls.begin(), channels_.epolls.end(),
                                  [&](const EpollSet& s) { return s.descriptor == descriptor; });
    if (set == channels_.epolls.end() || !set->certain || set->watched.empty()) return std::nullopt;
    Descriptors all{descriptor};
    for (const int32_t watched : set->watched) {
      if (!sleeps(watched, kReadable)) return std::nullopt;
      all.insert(watched);
    }
    return all;
  }

  const ProcessImage& image_;
  const InnerChannels& channels_;
};

// Which of these another process has too.
class Elsewhere {
 public:
  Elsewhere(pid_t pid, const InnerChannels& channels) : pid_(pid), channels_(channels) {
    for (const ChannelEnd& end : channels.ends)
      for (const uint64_t identity : {end.identity, end.peer})
        by_identity_[{end.sort, identity}].insert(end.descriptor);
    for (const pid_t other : all_pids()) look_at(other);
  }

  const Descriptors& found() const { return found_; }
  bool any_eventfd(const Descriptors& descriptors) const {
    return std::any_of(channels_.ends.begin(), channels_.ends.end(), [&](const ChannelEnd& end) {
      return end.sort == ChannelSort::eventfd && descriptors.count(end.descriptor) != 0;
    });
  }
  // Why that may not be all of them.
  std::vector<std::string> doubts() const {
    std::vector<std::string> result;
    struct stat space {};
    constexpr ino_t kOutermost = 0xeffffffc;  // the kernel's own number for it
    if (stat("/proc/self/ns/pid", &space) != 0 || space.st_ino != kOutermost)
      result.emplace_back(
          "processes outside of this pid namespace cannot be seen: one may have the other end of a "
          "descriptor");
    if (hidden_)
      result.emplace_back(
          "the descriptors of other users' processes may not be looked at: one may have the other "
          "end of one of these");
    return result;
  }
  bool under_way() const { return under_way_; }

 private:
  void look_at(pid_t other) {
    const std::string directory = "/proc/" + std::to_string(other);
    if (access((directory + "/fd").c_str(), R_OK | X_OK) != 0) {
      hidden_ = hidden_ || !command_line(other).empty();
      return;
    }
    for_each_descriptor(other, [&](int descriptor, const std::string& target, const auto&) {
      uint64_t identity = 0;
      if (inode_of(target, "socket", identity)) {
        const std::string sent = descriptor_field(other, descriptor, "scm_fds:");
        under_way_ = under_way_ || std::strtoull(sent.c_str(), nullptr, 10) != 0;
        if (other != pid_) note(ChannelSort::socket_pair, identity);
      } else if (other == pid_) {
        return;
      } else if (inode_of(target, "pipe", identity)) {
        note(ChannelSort::pipe, identity);
      } else if (target == kEventfd) {
        const std::string number = descriptor_field(other, descriptor, "eventfd-id:");
        note(ChannelSort::eventfd, std::strtoull(number.c_str(), nullptr, 10));
      } else if (target == kEpoll) {
        for (const EpollSet& set : channels_.epolls)
          if (syscall(SYS_kcmp, pid_, other, KCMP_FILE, set.descriptor, descriptor) <= 0)
            found_.insert(set.descriptor);
      }
    });
  }

  void note(ChannelSort sort, uint64_t identity) {
    if (const auto known = by_identity_.find({sort, identity}); known != by_identity_.end())
      found_.insert(known->second.begin(), known->second.end());
  }

  pid_t pid_;
  const InnerChannels& channels_;
  std::map<std::pair<ChannelSort, uint64_t>, Descriptors> by_identity_;
  Descriptors found_;
  bool hidden_ = false, under_way_ = false;
};

// Control groups of the old kind write to eventfds.
bool groups_write_events(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cgroup");
  for (std::string line; std::getline(file, line);)
    if (line.compare(0, 2, "0:") != 0 && line.find("memory") < line.rfind(':')) return true;
  return false;
}

}  // namespace

bool may_all_sleep(std::span<const ImageThread> threads) {
  bool any = false;
  for (const ImageThread& thread : threads) {
    if (thread.exited) continue;
    const Wait wait = wait_of(thread);
    const bool descriptor = wait.kind == WaitKind::read || wait.kind == WaitKind::write ||
                            wait.kind == WaitKind::poll || wait.kind == WaitKind::epoll;
    if (wait.timed || !(descriptor || wait.kind == WaitKind::futex)) return false;
    any = any || descriptor;
  }
  return any;
}

void mark_channel_sleepers(const ProcessImage& image, MemoryPicture& picture) {
  if (image.core || !may_all_sleep(image.threads)) return;
  const InnerChannels now = image.kernel ? image.kernel->channels : channel_ends(image.pid);
  std::map<int32_t, Descriptors> sleepers;
  const Sleepers at_instant(image, now);
  for (const ImageThread& thread : image.threads) {
    if (wait_of(thread).kind == WaitKind::futex || thread.exited) continue;
    std::optional<Descriptors> wakers = at_instant.woken_by(thread);
    if (!wakers) return;
    sleepers[thread.tid] = std::move(*wakers);
  }
  const Elsewhere elsewhere(image.pid, now);
  // Had another process written, and let go before it was looked at, there would be something now.
  const InnerChannels later = channel_ends(image.pid);
  const Sleepers afterwards(image, later);
  for (const ImageThread& thread : image.threads) {
    const auto sleeper = sleepers.find(thread.tid);
    if (sleeper == sleepers.end()) continue;
    const auto known_elsewhere = [&](int32_t descriptor) {
      return elsewhere.found().count(descriptor) != 0;
    };
    if (afterwards.woken_by(thread) != sleeper->second ||
        std::any_of(sleeper->second.begin(), sleeper->second.end(), known_elsewhere))
      return;
  }
  for (ThreadMemory& thread : picture.threads) thread.in_channel = sleepers.count(thread.tid) != 0;
  picture.channel_doubts = elsewhere.doubts();
  if (elsewhere.under_way()) {
    picture.may_be_woken = true;
    picture.sleep_doubt =
        "descriptors are under way in a socket: who receives them may have the other end of one of "
        "these";
  }
  if (std::any_of(image.threads.begin(), image.threads.end(), [](const ImageThread& thread) {
        return wait_of(thread).kind == WaitKind::epoll;
      }))
    picture.channel_doubts.emplace_back(
        "epoll_wait also ends (EINTR) when the process is stopped and goes on");
  const bool events = std::any_of(sleepers.begin(), sleepers.end(), [&](const auto& sleeper) {
    return elsewhere.any_eventfd(sleeper.second);
  });
  if (events && groups_write_events(image.pid))
    picture.channel_doubts.emplace_back(
        "the process is in a control group of the old kind, which may be told to write to an "
        "eventfd");
}

}  // namespace track::process
