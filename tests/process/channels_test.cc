#include "cli/process/channels.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/process/channel_ends.h"
#include "tests/support/sleeping_child.h"

using namespace track;

namespace {

bool contains(const std::vector<std::string>& kinds, const std::string& kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

int with_pipe(test::SleeperNotes* notes, int descriptor) {
  int ends[2];
  if (pipe(ends) != 0) return 1;
  return test::sleep_outer(notes, descriptor);
}

int with_full_pair(test::SleeperNotes* notes, int descriptor) {
  int ends[2];
  const char byte = 1;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || write(ends[0], &byte, 1) != 1) return 1;
  return test::sleep_outer(notes, descriptor);
}

int with_full_named_pipe(test::SleeperNotes* notes, int descriptor) {
  char place[] = "/tmp/track-test-XXXXXX";
  if (mkdtemp(place) == nullptr) return 1;
  const std::string name = std::string(place) + "/pipe";
  const int pipe = mkfifo(name.c_str(), 0600) == 0 ? open(name.c_str(), O_RDWR) : -1;
  unlink(name.c_str());
  rmdir(place);
  const char byte = 1;
  if (pipe < 0 || write(pipe, &byte, 1) != 1) return 1;
  return test::sleep_outer(notes, descriptor);
}

int with_terminal(test::SleeperNotes* notes, int descriptor, bool full) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return 1;
  const int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
  const char line[] = "x\n";
  int there = 0;
  if (terminal < 0 || (full && write(master, line, 2) != 2)) return 1;
  while (full && there == 0)
    if (ioctl(terminal, FIONREAD, &there) != 0) return 1;
  return test::sleep_outer(notes, descriptor);
}

int with_quiet_terminal(test::SleeperNotes* notes, int descriptor) {
  return with_terminal(notes, descriptor, false);
}

int with_full_terminal(test::SleeperNotes* notes, int descriptor) {
  return with_terminal(notes, descriptor, true);
}

int with_half_pipe(test::SleeperNotes* notes, int descriptor) {
  int ends[2];
  const char byte = 1;
  if (pipe(ends) != 0 || write(ends[1], &byte, 1) != 1 || close(ends[1]) != 0) return 1;
  return test::sleep_outer(notes, descriptor);
}

int with_half_pair(test::SleeperNotes* notes, int descriptor) {
  int ends[2];
  const char byte = 1;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || write(ends[0], &byte, 1) != 1 ||
      close(ends[0]) != 0)
    return 1;
  return test::sleep_outer(notes, descriptor);
}

int with_eventfd(test::SleeperNotes* notes, int descriptor) {
  const int event = eventfd(0, 0);
  const uint64_t value = 0x7f0012345670;
  if (write(event, &value, sizeof value) != sizeof value) return 1;
  return test::sleep_outer(notes, descriptor);
}

// A client of IPv4 and the end that a listener of both kinds accepted; a byte is on its way.
int with_own_connection(test::SleeperNotes* notes, int descriptor) {
  const int listener = socket(AF_INET6, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  const int both = 0;
  setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both);
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  socklen_t length = sizeof any;
  if (bind(listener, reinterpret_cast<sockaddr*>(&any), sizeof any) != 0 ||
      listen(listener, 1) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&any), &length) != 0)
    return 1;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = any.sin6_port;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return 1;
  const int accepted = accept(listener, nullptr, nullptr);
  char byte = 1;
  if (accepted < 0 || write(client, &byte, 1) != 1 ||
      recv(accepted, &byte, 1, MSG_PEEK) != 1)  // it has come
    return 1;
  return test::sleep_outer(notes, descriptor);
}

int with_full_datagram_socket(test::SleeperNotes* notes, int descriptor) {
  const int own = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof name;
  auto* const address = reinterpret_cast<sockaddr*>(&name);
  char byte = 1;
  if (bind(own, address, sizeof name) != 0 || getsockname(own, address, &length) != 0 ||
      sendto(own, &byte, 1, 0, address, length) != 1 || recv(own, &byte, 1, MSG_PEEK) != 1)
    return 1;
  return test::sleep_outer(notes, descriptor);
}

// The kernel tells the length of the first one.
int with_empty_datagram_first(test::SleeperNotes* notes, int descriptor) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0 || send(ends[0], "", 0, 0) != 0 ||
      send(ends[0], "hidden", 6, 0) != 6)
    return 1;
  return test::sleep_outer(notes, descriptor);
}

int with_all(test::SleeperNotes* notes, int descriptor) {
  int ends[2], pair[2];
  const int event = eventfd(0, 0), loop = epoll_create1(0);
  epoll_event wanted{};
  wanted.events = EPOLLIN;
  if (pipe(ends) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 ||
      epoll_ctl(loop, EPOLL_CTL_ADD, event, &wanted) != 0)
    return 1;
  return test::sleep_outer(notes, descriptor);
}

const ChannelEnd* find(const InnerChannels& channels, ChannelSort sort, bool reads) {
  for (const ChannelEnd& end : channels.ends)
    if (end.sort == sort && end.reads == reads) return &end;
  return nullptr;
}

process::Channels of(const test::SleepingChild& child) {
  while (child.return_address(0) == 0) usleep(1000);
  return process::find_channels(child.pid());
}

}  // namespace

TEST_CASE("a pipe whose other end is elsewhere is no channel inside the process") {
  const test::SleepingChild child;
  const process::Channels channels = of(child);
  CHECK_FALSE(contains(channels.inside, "a pipe"));
}

TEST_CASE("a pipe with both ends inside is a channel, and an empty one holds nothing") {
  const test::SleepingChild child(with_pipe);
  const process::Channels channels = of(child);
  CHECK(contains(channels.inside, "a pipe"));
  CHECK_FALSE(contains(channels.waiting, "a pipe"));
}

TEST_CASE("bytes that wait in a socket pair are told") {
  const test::SleepingChild child(with_full_pair);
  CHECK(contains(of(child).waiting, "a socket pair"));
}

TEST_CASE("what waits is told, though the end it was written to is closed") {
  CHECK(contains(of(test::SleepingChild(with_half_pipe)).waiting, "a pipe"));
  CHECK(contains(of(test::SleepingChild(with_half_pair)).waiting, "a socket pair"));
}

TEST_CASE("a named pipe that the process both reads and writes is told, and what waits in it") {
  const process::Channels channels = of(test::SleepingChild(with_full_named_pipe));
  CHECK(contains(channels.inside, "a named pipe"));
  CHECK(contains(channels.waiting, "a named pipe"));
}

TEST_CASE("a terminal whose both sides are the process's is told, and what waits in it") {
  const process::Channels quiet = of(test::SleepingChild(with_quiet_terminal));
  CHECK(contains(quiet.inside, "a pseudoterminal"));
  CHECK(!contains(quiet.waiting, "a pseudoterminal"));
  CHECK(contains(of(test::SleepingChild(with_full_terminal)).waiting, "a pseudoterminal"));
}

TEST_CASE("a connection of the process to itself is told, and what waits in it") {
  const process::Channels channels = of(test::SleepingChild(with_own_connection));
  CHECK(contains(channels.inside, "a connection to itself"));
  CHECK(contains(channels.waiting, "a connection to itself"));
}

TEST_CASE("a datagram that nobody has read yet is told") {
  CHECK(contains(of(test::SleepingChild(with_full_datagram_socket)).waiting, "a datagram socket"));
}

TEST_CASE("an empty datagram hides none behind it") {
  CHECK(contains(of(test::SleepingChild(with_empty_datagram_first)).waiting, "a socket pair"));
}

TEST_CASE("what an eventfd holds may be an address") {
  const test::SleepingChild child(with_eventfd);
  const process::Channels channels = of(child);
  CHECK(std::any_of(channels.words.begin(), channels.words.end(),
                    [](const KernelWord& word) { return word.value == 0x7f0012345670; }));
}

TEST_CASE("a descriptor is told with its other end, and what it is ready for") {
  const test::SleepingChild child(with_all);
  (void)of(child);
  const InnerChannels channels = process::channel_ends(child.pid());
  const ChannelEnd* reads = find(channels, ChannelSort::pipe, true);
  const ChannelEnd* writes = find(channels, ChannelSort::pipe, false);
  REQUIRE(reads != nullptr);
  REQUIRE(writes != nullptr);
  CHECK(reads->others == std::vector<int32_t>{writes->descriptor});
  CHECK(writes->others == std::vector<int32_t>{reads->descriptor});
  CHECK(reads->ready == 0);
  CHECK((writes->ready & POLLOUT) != 0);
  CHECK(channel_text(channels.ends, static_cast<uint64_t>(reads->descriptor)) ==
        "a pipe, whose other end is descriptor " + std::to_string(writes->descriptor) +
            " of this process");
  CHECK(channel_text(channels.ends, 1000).empty());
}

TEST_CASE("of sockets the kernel says which is connected to which") {
  const test::SleepingChild child(with_all);
  (void)of(child);
  const InnerChannels channels = process::channel_ends(child.pid());
  const ChannelEnd* one = find(channels, ChannelSort::socket_pair, true);
  if (one == nullptr) return;  // a kernel that does not say
  REQUIRE(one->others.size() == 1);
  CHECK(one->others[0] != one->descriptor);
  CHECK_FALSE(one->gives_up);
}

TEST_CASE("an epoll descriptor is told with what it watches") {
  const test::SleepingChild child(with_all);
  (void)of(child);
  const InnerChannels channels = process::channel_ends(child.pid());
  const ChannelEnd* event = find(channels, ChannelSort::eventfd, true);
  REQUIRE(event != nullptr);
  REQUIRE(channels.epolls.size() == 1);
  CHECK(channels.epolls[0].watched == std::vector<int32_t>{event->descriptor});
}
