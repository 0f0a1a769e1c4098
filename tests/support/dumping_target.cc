// Copies that a program makes of its recording (track_dump).
//   dumping_target answers DIR   what it answers; exit code 1 and a line for what is wrong
//   dumping_target stuck FILE    two threads wait for each other, one is left; writes FILE,
//                                prints "ready", waits for its input's end
//   dumping_target busy DIR      threads lock two mutexes in the same order, as fast as they
//                                can, while DIR/0 to DIR/49 are written
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libtrack/include/track/track.h"

namespace {

int wrong = 0;
void check(bool right, const char* what) {
  if (right) return;
  std::printf("wrong: %s\n", what);
  wrong = 1;
}
#define CHECK(condition) check(condition, #condition)

void answers(const std::string& directory) {
  const std::string file = directory + "/copy";
  errno = 77;
  CHECK(track_dump(nullptr) == 0);
  CHECK(track_dump((directory + "/missing/copy").c_str()) == -ENOENT);
  CHECK(track_dump(directory.c_str()) == -EISDIR || track_dump(directory.c_str()) == -EEXIST);
  CHECK(track_dump(std::string(5000, 'x').c_str()) == -ENAMETOOLONG);
  CHECK(symlink("target", file.c_str()) == 0);
  CHECK(track_dump(file.c_str()) == 1);  // in the place of the link
  CHECK(track_dump(file.c_str()) == 1);  // in the place of the first one
  CHECK(errno == 77);
  const rlimit small{4096, RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &small);
  CHECK(track_dump((directory + "/limited").c_str()) == -EFBIG);
}

std::mutex first, second;
std::barrier both(2);
std::latch wanting{2};

void transfer(std::mutex& from, std::mutex& to) {
  from.lock();
  both.arrive_and_wait();
  wanting.count_down();
  to.lock();
}

void idle() {
  pause();
}

// The waits are published once the kernel has both threads asleep.
bool asleep() {
  uint64_t cursor = 0, blocked = 0;
  track_task task;
  while (track_task_next(&cursor, &task) != 0)
    blocked += task.state == TRACK_STATE_BLOCKED && !task.is_main;
  return blocked >= 3;
}

void stuck(const char* file) {
  std::thread(idle).detach();
  std::thread(transfer, std::ref(first), std::ref(second)).detach();
  std::thread(transfer, std::ref(second), std::ref(first)).detach();
  wanting.wait();
  while (track_is_recording() != 0 && !asleep()) std::this_thread::yield();
  CHECK(track_dump(file) == 1);
  std::puts("ready");
  std::fflush(stdout);
  char byte;
  CHECK(read(0, &byte, 1) == 0);
  _exit(wrong);
}

void busy(const std::string& directory) {
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      while (!over.load()) {
        const std::scoped_lock outer(first);
        const std::scoped_lock inner(second);
      }
    });
  for (int i = 0; i < 50; ++i)
    CHECK(track_dump((directory + "/" + std::to_string(i)).c_str()) == 1);
  over = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const std::string what = arguments[1];
  if (what == "answers") answers(arguments[2]);
  if (what == "stuck") stuck(arguments[2]);
  if (what == "busy") busy(arguments[2]);
  return wrong;
}
