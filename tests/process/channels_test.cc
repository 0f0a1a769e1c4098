#include "cli/process/channels.h"

#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

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

int with_eventfd(test::SleeperNotes* notes, int descriptor) {
  const int event = eventfd(0, 0);
  const uint64_t value = 0x7f0012345670;
  if (write(event, &value, sizeof value) != sizeof value) return 1;
  return test::sleep_outer(notes, descriptor);
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

TEST_CASE("what an eventfd holds may be an address") {
  const test::SleepingChild child(with_eventfd);
  const process::Channels channels = of(child);
  CHECK(std::any_of(channels.words.begin(), channels.words.end(),
                    [](const KernelWord& word) { return word.value == 0x7f0012345670; }));
}
