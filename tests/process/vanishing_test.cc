// Processes that end, crash, fork or become another program while they are looked at.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <string>
#include <thread>

#include "cli/model/error.h"
#include "cli/process/image.h"

using namespace track;

namespace {

constexpr int kDone = 7;

enum class Fate { exits, crashes, execs, forks, churns_threads };

[[noreturn]] void live(Fate fate, unsigned delay_us) {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  for (int i = 0; i < 4; ++i)
    std::thread([] {
      for (;;) pause();
    }).detach();
  usleep(delay_us);
  switch (fate) {
    case Fate::exits:
      break;
    case Fate::crashes:
      signal(SIGSEGV, SIG_DFL);
      raise(SIGSEGV);
      break;
    case Fate::execs:
      execl("/bin/sh", "sh", "-c", "exit 7", nullptr);
      break;
    case Fate::forks:
      for (int i = 0; i < 10; ++i) {
        const pid_t child = fork();
        if (child == 0) _exit(0);
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) _exit(1);
      }
      break;
    case Fate::churns_threads:
      for (int i = 0; i < 50; ++i) std::thread([] {}).join();
      break;
  }
  _exit(kDone);
}

// Its status; -1: it did not end.
int end_of(pid_t child) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (int status = 0; std::chrono::steady_clock::now() < deadline;) {
    if (waitpid(child, &status, WNOHANG) == child) return status;
    usleep(200);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return -1;
}

}  // namespace

TEST_CASE(
    "who ends, crashes, forks or is replaced while it is looked at does so as it would have") {
  std::minstd_rand random(5);
  for (int round = 0; round < 60; ++round) {
    const auto fate = static_cast<Fate>(round % 5);
    CAPTURE(round);
    const unsigned delay_us = static_cast<unsigned>(random()) % 12000;
    const pid_t child = fork();
    if (child == 0) live(fate, delay_us);
    usleep(static_cast<unsigned>(random()) % 3000);
    for (int again = 0; again < 3; ++again) {
      try {
        process::stop_process(child);
      } catch (const Error& error) {
        CHECK_FALSE(std::string(error.what()).empty());
        break;
      }
    }
    const int status = end_of(child);
    if (fate == Fate::crashes) {
      CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV));
    } else {
      CHECK((WIFEXITED(status) && WEXITSTATUS(status) == kDone));
    }
  }
}

// The kernel lets a new thread be seized only when the execve is over, and that only when whoever
// holds the old ones has taken note of their end.
TEST_CASE("who executes another program among many threads does so while it is looked at") {
  std::minstd_rand random(7);
  for (int round = 0; round < 60; ++round) {
    CAPTURE(round);
    const pid_t child = fork();
    if (child == 0) live(Fate::execs, static_cast<unsigned>(random()) % 1500);
    usleep(static_cast<unsigned>(random()) % 1500);
    try {
      process::stop_process(child);
    } catch (const Error& error) {
      CHECK_FALSE(std::string(error.what()).empty());
    }
    const int status = end_of(child);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == kDone));
  }
}
