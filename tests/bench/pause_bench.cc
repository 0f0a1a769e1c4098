// How long a process is held for one instant of it, by a copy-on-write image and by a copy of its
// memory, and what that costs the process afterwards. usage: pause_bench [--large | PID]
// With PID: one that runs already, by images only.
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "cli/model/error.h"
#include "cli/process/image.h"

namespace {

using Clock = std::chrono::steady_clock;
using namespace track;

constexpr size_t kPage = 4096;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Shared {
  std::atomic<int> ready{0};
  std::atomic<uint64_t> longest_us{0};  // between two writes of one thread
};

struct Shape {
  const char* name;
  size_t mebibytes;
  int threads;
  int rounds;
};

[[noreturn]] void be_a_server(const Shape& shape, Shared& shared) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const size_t bytes = shape.mebibytes << 20;
  auto* memory = static_cast<volatile char*>(
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (size_t at = 0; at < bytes; at += kPage) memory[at] = 1;
  std::vector<std::thread> threads;
  for (int i = 1; i < shape.threads; ++i)
    threads.emplace_back([] {
      for (;;) pause();
    });
  shared.ready = 1;
  // One thread goes on writing here and there.
  size_t at = 0;
  auto last = Clock::now();
  for (uint64_t i = 0;; ++i) {
    at = (at + 7919 * kPage) % bytes;
    memory[at] = memory[at] + 1;
    const auto now = Clock::now();
    const auto us = static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(now - last).count());
    if (us > shared.longest_us) shared.longest_us = us;
    last = now;
    if (i % 64 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1)), last = Clock::now();
  }
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void measure(const Shape& shape) {
  auto* shared =
      new (mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Shared;
  const pid_t child = fork();
  if (child == 0) be_a_server(shape, *shared);
  while (shared->ready == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  for (const process::StopBy by : {process::StopBy::fork_or_copy, process::StopBy::copy}) {
    std::vector<double> pauses, stalls, totals;
    std::string how;
    for (int round = 0; round < shape.rounds; ++round) {
      shared->longest_us = 0;
      const auto start = Clock::now();
      try {
        const ProcessImage image = process::stop_process(child, {}, by);
        totals.push_back(ms_since(start));
        pauses.push_back(static_cast<double>(image.pause_ns) / 1e6);
        how = image.pause_for;
      } catch (const Error& error) {
        std::printf("%-24s %s\n", shape.name, error.what());
        break;
      }
      stalls.push_back(static_cast<double>(shared->longest_us) / 1e3);
    }
    if (pauses.empty()) continue;
    std::printf(
        "%-24s held %7.2f ms (worst %7.2f), longest stall %7.2f ms, all done %8.2f ms: %s\n",
        shape.name, median(pauses), *std::max_element(pauses.begin(), pauses.end()), median(stalls),
        median(totals), how.c_str());
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  munmap(shared, kPage);
}

}  // namespace

namespace {

void measure_process(pid_t pid) {
  for (int round = 0; round < 9; ++round) {
    const auto start = Clock::now();
    const ProcessImage image = process::stop_process(pid);
    std::printf("held %7.2f ms, all done %8.2f ms: %s\n", static_cast<double>(image.pause_ns) / 1e6,
                ms_since(start), image.pause_for.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::atoi(argv[1]) > 0) {
    measure_process(std::atoi(argv[1]));
    return 0;
  }
  measure({"100 MiB, 100 threads", 100, 100, 21});
  measure({"1 GiB, 10 threads", 1024, 10, 7});
  if (argc > 1 && std::strcmp(argv[1], "--large") == 0) measure({"8 GiB, 10 threads", 8192, 10, 3});
  return 0;
}
