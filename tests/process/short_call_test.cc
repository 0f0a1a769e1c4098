// Calls that move many bytes, in a child that is held meanwhile: each moves all of them.
#include "cli/process/short_call.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "cli/process/hold.h"
#include "cli/process/proc.h"
#include "tests/process/forked_child.h"

using namespace track;

namespace {

constexpr size_t kBlock = 300'000;  // more than a pipe or a socket takes at once
constexpr size_t kPart = 100'001;

using Bytes = std::vector<unsigned char>;
using Move = ssize_t (*)(int descriptor, Bytes& bytes);

ssize_t by_write(int descriptor, Bytes& bytes) {
  return write(descriptor, bytes.data(), bytes.size());
}

// In three parts, one of them empty.
std::vector<iovec> parts_of(Bytes& bytes) {
  return {{bytes.data(), kPart}, {nullptr, 0}, {bytes.data() + kPart, bytes.size() - kPart}};
}

ssize_t by_writev(int descriptor, Bytes& bytes) {
  auto parts = parts_of(bytes);
  return writev(descriptor, parts.data(), static_cast<int>(parts.size()));
}

ssize_t by_send(int descriptor, Bytes& bytes) {
  return send(descriptor, bytes.data(), bytes.size(), 0);
}

msghdr message_of(std::vector<iovec>& parts) {
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return message;
}

ssize_t by_sendmsg(int descriptor, Bytes& bytes) {
  auto parts = parts_of(bytes);
  const msghdr message = message_of(parts);
  return sendmsg(descriptor, &message, MSG_NOSIGNAL);
}

ssize_t by_recv(int descriptor, Bytes& bytes) {
  return recv(descriptor, bytes.data(), bytes.size(), MSG_WAITALL);
}

ssize_t by_recvmsg(int descriptor, Bytes& bytes) {
  auto parts = parts_of(bytes);
  msghdr message = message_of(parts);
  return recvmsg(descriptor, &message, MSG_WAITALL);
}

Bytes block_of(uint64_t number) {
  Bytes bytes(kBlock);
  std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(number));
  return bytes;
}

// Two ends with a queue between them, the second one for reading.
struct Ends {
  explicit Ends(bool is_pipe) {
    int ends[2];
    const int made = is_pipe ? pipe(ends) : socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    REQUIRE(made == 0);
    writes = ends[is_pipe ? 1 : 0];
    reads = ends[is_pipe ? 0 : 1];
  }
  ~Ends() {
    close(writes);
    close(reads);
  }
  Ends(const Ends&) = delete;
  int writes, reads;
};

// Moves block after block until it is told to stop; 0: each was whole, and had all its bytes.
int move_blocks(test::Shared& shared, int descriptor, Move move, bool receives) {
  shared.ready = 1;
  while (shared.go == 0) {
    Bytes bytes = receives ? Bytes(kBlock) : block_of(shared.counter);
    if (move(descriptor, bytes) != static_cast<ssize_t>(kBlock)) return 1;
    if (receives && bytes != block_of(shared.counter)) return 2;
    ++shared.counter;
  }
  return 0;
}

bool take_blocks(int descriptor) {
  Bytes bytes;
  for (uint64_t number = 0;; ++number) {
    bytes.resize(kBlock);
    size_t taken = 0;
    while (taken < kBlock) {
      // Little at a time: whoever writes often has to wait.
      const ssize_t got =
          read(descriptor, bytes.data() + taken, std::min<size_t>(kBlock - taken, 20'000));
      if (got == 0) return taken == 0;
      if (got < 0) return false;
      taken += static_cast<size_t>(got);
    }
    if (bytes != block_of(number)) return false;
  }
}

void give_blocks(int descriptor, const std::atomic<bool>& stop) {
  for (uint64_t number = 0; !stop; ++number) {
    const Bytes bytes = block_of(number);
    for (size_t given = 0; given < kBlock;) {
      const ssize_t put = send(descriptor, bytes.data() + given,
                               std::min<size_t>(kBlock - given, 20'000), MSG_NOSIGNAL);
      if (put < 0) return;
      given += static_cast<size_t>(put);
    }
  }
}

void hold_often(const test::Forked& child) {
  for (int round = 0; round < 200; ++round) {
    const process::Hold hold = process::hold_process(child.pid, [] {});
    // Who is left asleep may go on when the test has moved its bytes.
    for (const std::string& what : hold.missing)
      CHECK(what.find("went on while") != std::string::npos);
  }
}

void await_waiting(pid_t pid) {
  while (process::system_call(pid, pid).state != process::SystemCall::State::waiting ||
         process::task_status(pid, pid).state != 'S')
    std::this_thread::yield();
}

}  // namespace

TEST_CASE("blocks that are written while one looks are written whole") {
  for (const bool is_pipe : {true, false}) {
    for (const Move move : {by_write, by_writev, by_send, by_sendmsg}) {
      if (is_pipe && (move == by_send || move == by_sendmsg)) continue;
      Ends ends(is_pipe);
      test::Forked child([&](test::Shared& shared) {
        close(ends.reads);
        return move_blocks(shared, ends.writes, move, false);
      });
      close(ends.writes);
      ends.writes = dup(ends.reads);
      bool right = false;
      std::thread taker([&] { right = take_blocks(ends.reads); });
      child.await_ready();
      hold_often(child);
      child.shared->go = 1;
      CHECK(child.wait_end() == 0);
      taker.join();
      CHECK(right);
    }
  }
}

TEST_CASE("blocks that are awaited whole while one looks come whole") {
  for (const Move move : {by_recv, by_recvmsg}) {
    Ends ends(false);
    test::Forked child([&](test::Shared& shared) {
      close(ends.writes);
      return move_blocks(shared, ends.reads, move, true);
    });
    std::atomic<bool> stop{false};
    std::thread giver([&] { give_blocks(ends.writes, stop); });
    child.await_ready();
    hold_often(child);
    child.shared->go = 1;
    CHECK(child.wait_end() == 0);
    stop = true;
    close(ends.reads);
    ends.reads = dup(ends.writes);
    giver.join();
  }
}

TEST_CASE("a write that is half done sleeps on, and is whole in the end") {
  for (const bool is_pipe : {true, false}) {
    Ends ends(is_pipe);
    test::Forked child([&](test::Shared& shared) {
      close(ends.reads);
      Bytes bytes = block_of(0);
      shared.ready = 1;
      return by_writev(ends.writes, bytes) == static_cast<ssize_t>(kBlock) ? 0 : 1;
    });
    child.await_ready();
    await_waiting(child.pid);
    const uint64_t before = process::task_status(child.pid, child.pid).switches;
    for (int round = 0; round < 20; ++round) {
      const process::Hold hold = process::hold_process(child.pid, [] {});
      CHECK(hold.complete);
      CHECK(hold.missing.empty());
      REQUIRE(hold.threads.size() == 1);
      CHECK(hold.threads.front().in_system_call);
      CHECK_FALSE(hold.threads.front().registers.whole);
    }
    CHECK(process::task_status(child.pid, child.pid).switches == before);
    close(ends.writes);
    ends.writes = dup(ends.reads);
    CHECK(take_blocks(ends.reads));
    CHECK(child.wait_end() == 0);
  }
}

TEST_CASE("a write that is done at once or not at all is broken off, and made again") {
  Ends ends(true);
  test::Forked child([&](test::Shared& shared) {
    close(ends.reads);
    fcntl(ends.writes, F_SETPIPE_SZ, 4096);
    const Bytes page(4096);
    shared.ready = 1;
    for (int pages = 0; pages < 2; ++pages)
      if (write(ends.writes, page.data(), page.size()) != 4096) return 1;
    return 0;
  });
  child.await_ready();
  await_waiting(child.pid);
  const process::Hold hold = process::hold_process(child.pid, [] {});
  CHECK(hold.complete);
  CHECK(hold.threads.at(0).registers.whole);
  Bytes both(8192);
  for (size_t taken = 0; taken < both.size();) {
    const ssize_t got = read(ends.reads, both.data(), both.size());
    REQUIRE(got > 0);
    taken += static_cast<size_t>(got);
  }
  CHECK(child.wait_end() == 0);
}

TEST_CASE("a signal still cuts a write short, and nothing else of it changes") {
  Ends ends(true);
  test::Forked child([&](test::Shared& shared) {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    sigaction(SIGUSR1, &action, nullptr);
    Bytes bytes = block_of(0);
    shared.ready = 1;
    const ssize_t written = by_write(ends.writes, bytes);
    return written > 0 && written < static_cast<ssize_t>(kBlock) ? 0 : 1;
  });
  child.await_ready();
  await_waiting(child.pid);
  process::hold_process(child.pid, [&] { kill(child.pid, SIGUSR1); });
  CHECK(child.wait_end() == 0);
}
