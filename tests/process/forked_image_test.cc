// Children of which copy-on-write images are made: they cannot tell, whatever they were doing, and
// whenever the tracer dies.
#include "cli/process/forked_image.h"

#include <dirent.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "cli/model/error.h"
#include "cli/process/image.h"
#include "cli/process/proc.h"
#include "cli/process/traced_call.h"
#include "tests/process/forked_child.h"

using namespace track;
using test::Forked;
using test::Shared;
using test::whole_image;

namespace {

bool forked(const ProcessImage& image) {
  return image.pause_for == "a copy-on-write image";
}

int64_t now_ms() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// Calls that wait, each the only one of its process, so that its thread is the one borrowed. They
// return what a call that nobody disturbed returns; after shared.go or by their time limit.
struct Call {
  const char* name;
  std::function<bool(Shared&, const int* ends)> make;
  bool ends_by_itself;
};

const std::vector<Call>& calls() {
  static const std::vector<Call> all = {
      {"read",
       [](Shared&, const int* ends) {
         char byte;
         return read(ends[0], &byte, 1) == 1;
       },
       false},
      {"nanosleep",
       [](Shared&, const int*) {
         const int64_t start = now_ms();
         const timespec nap{0, 200'000'000};
         return nanosleep(&nap, nullptr) == 0 && now_ms() - start >= 199;
       },
       true},
      {"poll with a time limit",
       [](Shared&, const int* ends) {
         pollfd one{ends[0], POLLIN, 0};
         return poll(&one, 1, 100'000) == 1;
       },
       false},
      {"epoll_wait",
       [](Shared&, const int* ends) {
         const int epoll = epoll_create1(0);
         epoll_event event{EPOLLIN, {}};
         epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event);
         return epoll_wait(epoll, &event, 1, -1) == 1;
       },
       false},
      {"ppoll with a mask",
       [](Shared&, const int* ends) {
         sigset_t none;
         sigemptyset(&none);
         pollfd one{ends[0], POLLIN, 0};
         return ppoll(&one, 1, nullptr, &none) == 1;
       },
       false},
      {"futex with a time limit",
       [](Shared& shared, const int*) {
         const timespec limit{100, 0};
         // Made again after the value has changed, it says so.
         return syscall(SYS_futex, &shared.word, FUTEX_WAIT, 0, &limit, nullptr, 0) == 0 ||
                errno == EAGAIN;
       },
       false},
      {"futex until a time",
       [](Shared& shared, const int*) {
         const int64_t start = now_ms();
         timespec limit;
         clock_gettime(CLOCK_MONOTONIC, &limit);
         limit.tv_nsec += 200'000'000;
         if (limit.tv_nsec >= 1'000'000'000) limit.tv_nsec -= 1'000'000'000, ++limit.tv_sec;
         const long result = syscall(SYS_futex, &shared.word, FUTEX_WAIT_BITSET, 0, &limit, nullptr,
                                     FUTEX_BITSET_MATCH_ANY);
         return result == -1 && errno == ETIMEDOUT && now_ms() - start >= 199;
       },
       true},
      {"sem_timedwait",
       [](Shared& shared, const int*) {
         sem_t semaphore;
         sem_init(&semaphore, 0, 0);
         timespec limit;
         clock_gettime(CLOCK_REALTIME, &limit);
         limit.tv_nsec += 200'000'000;
         if (limit.tv_nsec >= 1'000'000'000) limit.tv_nsec -= 1'000'000'000, ++limit.tv_sec;
         (void)shared;
         return sem_timedwait(&semaphore, &limit) == -1 && errno == ETIMEDOUT;
       },
       true},
      {"sigsuspend",
       [](Shared& shared, const int*) {
         sigset_t blocked, old, now;
         sigemptyset(&blocked);
         sigaddset(&blocked, SIGUSR1);
         sigaddset(&blocked, SIGUSR2);
         sigprocmask(SIG_BLOCK, &blocked, &old);
         sigset_t waiting = old;
         sigaddset(&waiting, SIGUSR2);
         const bool fine = sigsuspend(&waiting) == -1 && errno == EINTR && shared.signals == 1;
         sigprocmask(SIG_BLOCK, nullptr, &now);
         return fine && sigismember(&now, SIGUSR1) == 1 && sigismember(&now, SIGUSR2) == 1;
       },
       false},
      {"accept", [](Shared&, const int* ends) { return accept(ends[2], nullptr, nullptr) >= 0; },
       false},
      {"wait4 for a child",
       [](Shared&, const int* ends) {
         const pid_t child = fork();
         if (child == 0) {
           char byte;
           _exit(read(ends[0], &byte, 1) == 1 ? 7 : 8);
         }
         int status = 0;
         return waitpid(-1, &status, 0) == child && WEXITSTATUS(status) == 7;
       },
       false},
      {"select with a time limit",
       [](Shared&, const int* ends) {
         fd_set set;
         FD_ZERO(&set);
         FD_SET(ends[0], &set);
         timeval limit{100, 0};
         return select(ends[0] + 1, &set, nullptr, nullptr, &limit) == 1;
       },
       false}};
  return all;
}

std::atomic<int>* counted_signals = nullptr;

void count_signal(int) {
  ++*counted_signals;
}

// Makes one call, with a wake-up prepared by the test, and looks around afterwards.
int one_call(Shared& shared, const Call& call, const int* ends) {
  counted_signals = &shared.signals;
  signal(SIGUSR1, count_signal);
  sigset_t before, after;
  sigprocmask(SIG_BLOCK, nullptr, &before);
  double sum = 0;
  for (int i = 1; i < 20; ++i) sum += 1.0 / i;
  shared.ready = 1;
  if (!call.make(shared, ends)) return 1;
  double again = 0;
  for (int i = 1; i < 20; ++i) again += 1.0 / i;
  if (sum != again) return 2;
  sigprocmask(SIG_BLOCK, nullptr, &after);
  if (std::strcmp(call.name, "sigsuspend") != 0 && std::memcmp(&before, &after, 8) != 0) return 3;
  // Nobody else's child is here.
  if (waitpid(-1, nullptr, __WALL | WNOHANG) != -1 || errno != ECHILD) return 4;
  return 0;
}

size_t entries_in(const std::string& folder) {
  size_t entries = 0;
  DIR* dir = opendir(folder.c_str());
  if (dir == nullptr) return 0;
  while (readdir(dir) != nullptr) ++entries;
  closedir(dir);
  return entries;
}

std::string children_of(pid_t pid) {
  const std::string path =
      "/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children";
  char text[256] = {};
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const ssize_t n = file < 0 ? 0 : read(file, text, sizeof text);
  if (file >= 0) close(file);
  return {text, static_cast<size_t>(std::max<ssize_t>(n, 0))};
}

struct Ends {
  Ends() {
    REQUIRE(pipe(data) == 0);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    name.sun_family_ = AF_UNIX;
    static int number = 0;
    std::snprintf(name.path + 1, sizeof name.path - 1, "track-test-%d-%d", getpid(), ++number);
    REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
    REQUIRE(listen(listener, 4) == 0);
    all[0] = data[0], all[1] = data[1], all[2] = listener;
  }
  ~Ends() {
    for (const int fd : all) close(fd);
    if (connected >= 0) close(connected);
  }
  void wake(Shared& shared, pid_t pid, bool by_signal) {
    connected = socket(AF_UNIX, SOCK_STREAM, 0);
    connect(connected, reinterpret_cast<sockaddr*>(&name), sizeof name);
    shared.word = 1;
    syscall(SYS_futex, &shared.word, FUTEX_WAKE, 9, nullptr, nullptr, 0);
    if (by_signal) kill(pid, SIGUSR1);
    CHECK(write(data[1], "xy", 2) == 2);
  }
  struct {
    sa_family_t sun_family_;
    char path[64];
  } name{};
  int data[2], listener = -1, connected = -1;
  int all[3];
};

void await_call(pid_t pid) {
  for (;;) {
    const auto call = process::system_call(pid, pid);
    if (call.state == process::SystemCall::State::gone) return;
    if (call.state == process::SystemCall::State::waiting && call.number >= 0) return;
    std::this_thread::yield();
  }
}

int steps_left = 0;

void die_when_it_is_time() {
  if (--steps_left == 0) raise(SIGKILL);
}

}  // namespace

TEST_CASE("a thread that was borrowed for an image goes on with what it was doing") {
  for (const Call& call : calls()) {
    const std::string name = call.name;
    CAPTURE(name);
    Ends ends;
    Forked child([&](Shared& shared) { return one_call(shared, call, ends.all); });
    child.await_ready();
    await_call(child.pid);
    const std::string folder = "/proc/" + std::to_string(child.pid) + "/fd";
    const size_t descriptors = entries_in(folder);
    const std::string children = children_of(child.pid);
    for (int round = 0; round < 5 && process::exists(child.pid); ++round) {
      ProcessImage image;
      try {
        image = process::stop_process(child.pid);
      } catch (const Error&) {
        // Its call was over in the meantime, and so is the child.
        REQUIRE(call.ends_by_itself);
        break;
      }
      CAPTURE(image.pause_for);
      CHECK((call.ends_by_itself || (forked(image) && image.coherent)));
      if (!process::exists(child.pid)) break;
      if (call.ends_by_itself) continue;
      CHECK(entries_in(folder) == descriptors);
      CHECK(children_of(child.pid) == children);
    }
    if (!call.ends_by_itself) ends.wake(*child.shared, child.pid, name == "sigsuspend");
    CHECK(child.wait_end() == 0);
  }
}

TEST_CASE("a borrowed thread finds back when the tracer is killed, at whatever step") {
  for (const Call& call : calls()) {
    const std::string name = call.name;
    // One for each way in which the kernel makes a call again. Time limits count anew then.
    if (name != "read" && name != "poll with a time limit" && name != "epoll_wait" &&
        name != "sigsuspend")
      continue;
    CAPTURE(name);
    bool finished = false;
    for (int step = 1; !finished; step += 1 + step / 4) {
      CAPTURE(step);
      REQUIRE(step < 500);
      Ends ends;
      Forked child([&](Shared& shared) { return one_call(shared, call, ends.all); });
      child.await_ready();
      await_call(child.pid);
      Forked tracer([&](Shared& shared) {
        steps_left = step;
        process::before_each_step = die_when_it_is_time;
        process::stop_process(child.pid);
        shared.ready = 1;
        return 0;
      });
      const int end = tracer.wait_end();
      CHECK((end == 0 || end == -SIGKILL));
      finished = end == 0;
      if (!call.ends_by_itself) ends.wake(*child.shared, child.pid, name == "sigsuspend");
      CHECK(child.wait_end() == 0);
    }
  }
}

TEST_CASE("a thread that computes does not notice, nor that the tracer is killed") {
  bool finished = false;
  for (int step = 1; !finished; step += 1 + step / 4) {
    CAPTURE(step);
    REQUIRE(step < 500);
    Forked child([](Shared& shared) {
      shared.ready = 1;
      while (shared.go == 0) {
        // All of it in registers.
        double sum[4] = {1, 2, 3, 4};
        uint64_t product = 1;
        for (int i = 0; i < 1000; ++i) {
          for (double& part : sum) part += i;
          product *= 3;
        }
        if (sum[0] != 499501 || sum[3] != 499504 || product != 6203307696791771937u) return 1;
        ++shared.counter;
      }
      return 0;
    });
    child.await_ready();
    Forked tracer([&](Shared&) {
      steps_left = step;
      process::before_each_step = die_when_it_is_time;
      process::stop_process(child.pid);
      return 0;
    });
    const int end = tracer.wait_end();
    CHECK((end == 0 || end == -SIGKILL));
    finished = end == 0;
    child.await_progress();
    child.await_progress();
    child.shared->go = 1;
    CHECK(child.wait_end() == 0);
  }
}

TEST_CASE("an image keeps what memory held, with threads and wherever they are") {
  Forked child([](Shared& shared) {
    alignas(64) static std::atomic<uint64_t> pair[2048];
    pair[2047] = 1;
    for (int i = 0; i < 10; ++i)
      std::thread([&shared] {
        for (;;) ++shared.counter;
      }).detach();
    shared.address = reinterpret_cast<uint64_t>(pair);
    shared.ready = 1;
    for (uint64_t i = 0;; ++i) {
      pair[0].store(i, std::memory_order_seq_cst);
      pair[2047].store(i + 1, std::memory_order_seq_cst);
    }
    return 0;
  });
  child.await_ready();
  const uint64_t pair = child.shared->address;
  for (int round = 0; round < 10; ++round) {
    const ProcessImage image = whole_image(child.pid);
    CHECK(image.threads.size() == 11);
    CHECK(image.coherent);
    const uint64_t first = image.word(pair), last = image.word(pair + 2047 * 8);
    CHECK((last == first + 1 || last == first));
    child.await_progress();
    CHECK(image.word(pair) == first);
    CHECK(image.word(pair + 2047 * 8) == last);
  }
}

TEST_CASE("memory that a fork would empty, leave out or share is of the same instant") {
  Forked child([](Shared& shared) {
    char* areas[4];
    for (int i = 0; i < 4; ++i) {
      areas[i] =
          static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                                  MAP_ANONYMOUS | (i == 2 ? MAP_SHARED : MAP_PRIVATE), -1, 0));
      std::memset(areas[i], 0, 4096);
      std::snprintf(areas[i], 4096, "area %d", i);
    }
    madvise(areas[0], 4096, MADV_DONTFORK);
    madvise(areas[1], 4096, MADV_WIPEONFORK);
    static char* place[4];
    std::memcpy(place, areas, sizeof place);
    shared.address = reinterpret_cast<uint64_t>(place);
    shared.ready = 1;
    for (;;) pause();
    return 0;
  });
  child.await_ready();
  const ProcessImage image = whole_image(child.pid);
  CHECK(forked(image));
  CHECK(image.coherent);
  kill(child.pid, SIGKILL);
  child.wait_end();
  for (uint64_t i = 0; i < 4; ++i) {
    char text[7] = {};
    CHECK(image.read(image.word(child.shared->address + i * 8), text, 6));
    CHECK(std::string(text) == "area " + std::to_string(i));
  }
}

TEST_CASE("where a process cannot be forked its memory is copied, and the reason is said") {
  const auto reason = [](const std::function<void()>& prepare) {
    Forked child([&](Shared& shared) {
      prepare();
      shared.ready = 1;
      for (;;) ++shared.counter;
      return 0;
    });
    child.await_ready();
    const ProcessImage image = whole_image(child.pid);
    CHECK(image.coherent);
    child.await_progress();
    return image.pause_for;
  };
  CHECK(reason([] { prctl(PR_SET_CHILD_SUBREAPER, 1); }).find("adopts orphans") !=
        std::string::npos);
  CHECK(reason([] {
          sock_filter allow{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
          sock_fprog program{1, &allow};
          prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
          prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
        }).find("seccomp") != std::string::npos);
  if (geteuid() == 0) {
    CHECK(reason([] {
            rlimit none{0, 0};
            setrlimit(RLIMIT_NPROC, &none);
            if (setuid(65534) != 0) _exit(1);
            prctl(PR_SET_DUMPABLE, 1);
          }).find("no process can be made") != std::string::npos);
    CHECK(reason([] {
            if (unshare(CLONE_NEWPID) != 0) _exit(1);
          }).find("namespace") != std::string::npos);
  }
}

TEST_CASE("nothing of an image is left, neither process nor connection") {
  Ends ends;
  Forked child([&](Shared& shared) {
    close(ends.all[1]);
    shared.ready = 1;
    char byte;
    return read(ends.all[0], &byte, 1) == 0 ? 0 : 1;
  });
  child.await_ready();
  await_call(child.pid);
  pid_t image_pid = 0;
  {
    process::ForkedImage image;
    const auto maps = process::mappings(child.pid);
    const auto code = process::find_code_pieces(maps, *process::look_at_process(child.pid).memory);
    process::hold_process(
        child.pid, {[&](const std::vector<process::HeldThread>& threads) {
                      image.fork(child.pid, threads, maps, code);
                      image_pid = image.pid();
                    },
                    [&] {
                      image.settle();
                      CHECK(entries_in("/proc/" + std::to_string(image_pid) + "/fd") == 2);
                      CHECK(process::command_name(image_pid) == "track-image");
                      CHECK(getsid(image_pid) == image_pid);
                      CHECK(process::status_field(image_pid, "PPid") != std::to_string(child.pid));
                      image.end();
                    }});
  }
  CHECK(image_pid != 0);
  CHECK_FALSE(process::exists(image_pid));
  close(ends.all[1]);
  CHECK(child.wait_end() == 0);
}
