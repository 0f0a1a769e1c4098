#include "cli/process/proc.h"

#include <doctest/doctest.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "cli/model/error.h"
#include "cli/process/binary.h"
#include "cli/process/locate.h"
#include "cli/process/memory.h"

using namespace track;

TEST_CASE("this process exists, and a zombie does not") {
  CHECK(process::exists(getpid()));
  const pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  CHECK_FALSE(process::exists(child));
  waitpid(child, nullptr, 0);
  CHECK_THROWS_AS(process::require_readable(child), Error);
}

TEST_CASE("a process goes on without its main thread, and says why it is not looked at") {
  const pid_t child = fork();
  if (child == 0) {
    pthread_t other;
    pthread_create(
        &other, nullptr,
        [](void*) -> void* {
          for (;;) pause();
        },
        nullptr);
    syscall(SYS_exit, 0);
  }
  while (process::task_status(child, child).state != 'Z') sched_yield();
  CHECK(process::exists(child));
  try {
    process::require_readable(child);
    FAIL("it was looked at");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("main thread has ended") != std::string::npos);
  }
  kill(child, SIGKILL);
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  CHECK_FALSE(process::exists(child));
  waitpid(child, nullptr, 0);
}

TEST_CASE("a process that is not tracked is told how to be") {
  try {
    process::locate_recording(getpid());
    FAIL("found a recording in the unit test");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("track run -- CMD") != std::string::npos);
  }
}

TEST_CASE("memory is read in one piece where it can be, and around holes where it cannot") {
  auto* pages = static_cast<char*>(
      mmap(nullptr, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  munmap(pages + 4096, 4096);
  std::memcpy(pages + 4000, "first", 5);
  std::memcpy(pages + 8192, "third", 5);
  const auto base = reinterpret_cast<uint64_t>(pages);
  const uint64_t addresses[] = {base + 4000, base + 5000, base + 6500, base + 8192};
  std::byte to[4 * 5];
  std::vector<bool> found;
  process::Memory(getpid()).read_each(addresses, 5, to, found);
  CHECK(found == std::vector<bool>{true, false, false, true});
  CHECK(std::memcmp(to, "first", 5) == 0);
  CHECK(std::memcmp(to + 15, "third", 5) == 0);
  munmap(pages, 3 * 4096);
}

TEST_CASE("a shell script is followed to its interpreter") {
  const auto binary = process::inspect_command("/usr/bin/ldd");
  CHECK(binary.scripts.size() == 1);
  CHECK(binary.elf);
  CHECK(binary.blocker().empty());
}

TEST_CASE("what cannot be executed is said in words") {
  CHECK_THROWS_AS(process::inspect_command("no-such-command-anywhere"), Error);
  CHECK_THROWS_AS(process::inspect_command("/tmp"), Error);
  CHECK_THROWS_AS(process::inspect_command("/etc/passwd"), Error);
  CHECK_THROWS_AS(process::inspect_command(""), Error);
}

TEST_CASE("a file that is no program has a blocker") {
  CHECK(process::inspect_file("/etc/passwd").blocker().find("neither an ELF program") !=
        std::string::npos);
}

TEST_CASE("a mapping is read with its flags, its offset and a path with spaces, gone or not") {
  char path[] = "/tmp/two words XXXXXX";
  const int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  REQUIRE(ftruncate(fd, 12288) == 0);
  void* mapped = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 8192);
  REQUIRE(mapped != MAP_FAILED);
  for (const bool deleted : {false, true}) {
    if (deleted) unlink(path);
    const auto all = process::mappings(getpid());
    const auto found = std::find_if(all.begin(), all.end(), [&](const Mapping& mapping) {
      return mapping.start == reinterpret_cast<uint64_t>(mapped);
    });
    REQUIRE(found != all.end());
    CHECK(found->end - found->start == 4096);
    CHECK(found->offset == 8192);
    CHECK(found->path == path);
    CHECK(found->deleted == deleted);
    CHECK(found->readable);
    CHECK(found->shared);
    CHECK_FALSE(found->writable);
    CHECK_FALSE(found->executable);
  }
  munmap(mapped, 4096);
  close(fd);
}
