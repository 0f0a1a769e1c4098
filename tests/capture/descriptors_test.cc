#include "libtrack/capture/descriptors.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/open_recording.h"

using namespace track;
using capture::forget_descriptor;
using capture::forget_descriptors;
using test::in_child;

namespace {

// As the interposers ask before every call.
bool waits(int fd) {
  return !capture::never_waits(fd) && !capture::found_never_to_wait(fd);
}
void set_blocking(int fd, bool blocking) {
  fcntl(fd, F_SETFL, blocking ? 0 : O_NONBLOCK);  // nobody hooks it here
}

}  // namespace

TEST_CASE("Sockets, pipes and their like never wait in non-blocking mode, and only then") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          int pipes[2], sockets[2];
          TRACK_EXPECT(pipe2(pipes, O_NONBLOCK) == 0);
          TRACK_EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets) == 0);
          for (int fd : {pipes[0], pipes[1], sockets[0], eventfd(0, EFD_NONBLOCK)})
            for (int call = 0; call < 600; ++call) TRACK_EXPECT(!waits(fd));
          TRACK_EXPECT(waits(eventfd(0, 0)) && waits(dup(0)));
          set_blocking(sockets[1], true);
          TRACK_EXPECT(waits(sockets[1]));
          return 0;
        }) == 0);
}

TEST_CASE("A file may wait whatever its mode, and so may what is no descriptor") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          const int file = open("/proc/self/exe", O_RDONLY | O_NONBLOCK);
          TRACK_EXPECT(file >= 0 && waits(file) && waits(file));
          for (int fd : {-1, 999, static_cast<int>(capture::kDescriptors), 0x7fffffff})
            TRACK_EXPECT(waits(fd));
          return 0;
        }) == 0);
}

TEST_CASE("A change that was told counts at once, one that was not after so many calls") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording());
          int pipes[2];
          TRACK_EXPECT(pipe2(pipes, O_NONBLOCK) == 0 && !waits(pipes[0]) && !waits(pipes[1]));
          set_blocking(pipes[0], true);
          forget_descriptor(pipes[0]);
          TRACK_EXPECT(waits(pipes[0]) && !waits(pipes[1]));
          set_blocking(pipes[1], true);
          forget_descriptors();
          TRACK_EXPECT(waits(pipes[0]) && waits(pipes[1]));
          set_blocking(pipes[0], false);
          TRACK_EXPECT(waits(pipes[0]));  // not told; waiting is what costs only time
          forget_descriptor(pipes[0]);
          TRACK_EXPECT(!waits(pipes[0]));
          set_blocking(pipes[0], true);
          int calls = 0;
          while (!waits(pipes[0])) TRACK_EXPECT(++calls <= 256);
          return 0;
        }) == 0);
}

TEST_CASE("Where nothing is recorded nothing is asked") {
  CHECK(in_child([] {
          TRACK_EXPECT(test::start_recording("record=0"));
          int pipes[2];
          TRACK_EXPECT(pipe2(pipes, O_NONBLOCK) == 0 && waits(pipes[0]));
          TRACK_EXPECT(capture::mode_of(pipes[0]) == capture::DescriptorMode::unknown);
          return 0;
        }) == 0);
}
