// Becomes another process, or makes one, in the way its first argument names; the last one of this
// family leaks what the second names: a thread that is blocked for ever, a coroutine that nobody
// can resume, or two threads that wait for each other's mutex. Prints "leaks PID", by the number
// that whoever started this knows the leaking process by. 77: that way is not permitted here.
#include <grp.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <coroutine>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>

extern char** environ;

namespace {

constexpr unsigned kNobody = 65534;
constexpr int kNotPermitted = 77;
std::string what, self;

void need(bool good, const char* step) {
  if (good) return;
  std::fprintf(stderr, "%s: %s\n", step, std::strerror(errno));
  _exit(kNotPermitted);
}

void say(pid_t pid) {
  std::printf("leaks %d\n", pid);
  std::fflush(stdout);
}

bool waited_for(std::mutex& mutex) {
  return __atomic_load_n(&mutex.native_handle()->__data.__lock, __ATOMIC_RELAXED) == 2;
}

void leak_thread() {
  static std::mutex* const never = new std::mutex;
  never->lock();
  new std::thread([] { never->lock(); });
  while (!waited_for(*never)) sched_yield();
}

struct Session {
  struct promise_type {
    Session get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};

struct Forgets {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) const noexcept {
    asm volatile("" : : "r"(waiting.address()) : "memory");  // else g++ removes the whole frame
  }
  void await_resume() const noexcept {}
};

Session await_for_ever() {
  co_await Forgets{};
}

// What registers and the stack still know of the frames is known to nobody.
[[gnu::noinline]] void forget() {
  volatile char below[8192];
  for (volatile char& byte : below) byte = 0;
}

[[gnu::noinline]] void leak_coroutines() {
  for (int i = 0; i < 20; ++i) await_for_ever();
}

std::mutex accounts, journal;

// For ever, but returns: both threads wait.
void lock_up() {
  static std::mutex* const first = &accounts;
  static std::mutex* const second = &journal;
  static bool one_has = false, other_has = false;
  const auto take = [](std::mutex& mine, bool& have, bool& has, std::mutex& theirs) {
    mine.lock();
    __atomic_store_n(&have, true, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&has, __ATOMIC_ACQUIRE)) sched_yield();
    theirs.lock();
  };
  new std::thread([=] { take(*first, one_has, other_has, *second); });
  new std::thread([=] { take(*second, other_has, one_has, *first); });
  while (!waited_for(accounts) || !waited_for(journal)) sched_yield();
}

void leak() {
  // Makes a fork child begin its file.
  if (what == "nothing_but_a_wait") std::thread([] {}).join();
  if (what == "thread") leak_thread();
  if (what == "deadlock") lock_up();
  if (what == "coroutine") leak_coroutines(), forget();
}

void await(pid_t child) {
  int status = 0;
  need(waitpid(child, &status, 0) == child, "waitpid");
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) _exit(WEXITSTATUS(status));
}

[[noreturn]] void leak_and_end() {
  leak();
  std::exit(0);
}

// before: what the child does with itself first.
template <class Before>
void fork_leaking(Before before) {
  const pid_t child = fork();
  need(child >= 0, "fork");
  if (child == 0) {
    before();
    leak_and_end();
  }
  say(child);
  await(child);
}
void fork_leaking() {
  fork_leaking([] {});
}

void give_up_user() {
  need(setgroups(0, nullptr) == 0 && setgid(kNobody) == 0 && setuid(kNobody) == 0, "setuid");
}

void go_to_empty_root() {
  char folder[] = "/tmp/empty-root-XXXXXX";
  need(mkdtemp(folder) != nullptr && chdir(folder) == 0 && rmdir(folder) == 0, "mkdtemp");
  need(chroot(".") == 0, "chroot");
}

// Its parent is gone before it begins.
void daemonize() {
  const pid_t first = fork();
  need(first >= 0, "fork");
  if (first != 0) return await(first);
  setsid();
  if (fork() != 0) _exit(0);
  while (getppid() == first) sched_yield();
  say(getpid());
  leak_and_end();
}

void grandchild() {
  const pid_t child = fork();
  need(child >= 0, "fork");
  if (child != 0) return await(child);
  fork_leaking();
  std::exit(0);
}

void spawn_leaking() {
  std::string words[] = {self, "self", what};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t child = 0;
  need(posix_spawn(&child, self.c_str(), nullptr, nullptr, arguments, environ) == 0, "posix_spawn");
  await(child);
}

void vfork_leaking() {
  const pid_t child = vfork();
  need(child >= 0, "vfork");
  if (child == 0) {
    execl(self.c_str(), self.c_str(), "self", what.c_str(), nullptr);
    _exit(1);
  }
  await(child);
}

// Each has a thread; the last one leaves it behind.
void make_workers() {
  constexpr int kWorkers = 8;
  for (int i = 0; i < kWorkers; ++i) {
    const pid_t child = fork();
    need(child >= 0, "fork");
    if (child == 0) {
      if (i == kWorkers - 1) leak_and_end();
      std::thread([] {}).join();
      std::exit(0);
    }
    await(child);
  }
}

volatile sig_atomic_t hangups, others;

// Sends itself, and all of its group, two signals; says how many it got once told to end.
void signal_group(bool alone) {
  signal(SIGHUP, [](int) { hangups = hangups + 1; });
  signal(SIGUSR1, [](int) {
    others = others + 1;
    if (what == "alone") (void)!write(1, "USR1\n", 5);
  });
  if (!alone) need(kill(0, SIGHUP) == 0 && kill(0, SIGUSR1) == 0, "kill");
  std::printf("sent\n");
  std::fflush(stdout);
  char byte;
  while (read(0, &byte, 1) < 0 && errno == EINTR) {
  }
  if (!alone) std::printf("got %d %d\n", static_cast<int>(hangups), static_cast<int>(others));
}

void run(const std::string& way) {
  if (way == "workers") make_workers();
  if (way == "group") signal_group(what == "alone");
  if (way == "self") say(getpid()), leak();
  if (way == "fork") fork_leaking();
  if (way == "killed") {
    const pid_t child = fork();
    if (child == 0) leak(), raise(SIGKILL);
    say(child);
    waitpid(child, nullptr, 0);
  }
  if (way == "grandchild") grandchild();
  if (way == "vfork_exec") vfork_leaking();
  if (way == "posix_spawn") spawn_leaking();
  if (way == "exec") execl(self.c_str(), self.c_str(), "self", what.c_str(), nullptr);
  if (way == "daemonize") daemonize();
  if (way == "daemon") {
    // The original ends within, by _exit.
    need(daemon(1, 1) == 0, "daemon");
    say(getpid());
    leak();
  }
  if (way == "setuid") give_up_user(), run("self");
  if (way == "setuid_in_child") fork_leaking(give_up_user);
  if (way == "fork_after_setuid") give_up_user(), fork_leaking();
  if (way == "chroot") go_to_empty_root(), run("self");
  if (way == "chroot_in_child") fork_leaking(go_to_empty_root);
  if (way == "fork_after_chroot") go_to_empty_root(), fork_leaking();
  if (way == "closefrom") closefrom(3), fork_leaking();
  if (way == "close_range") need(close_range(3, ~0u, 0) == 0, "close_range"), fork_leaking();
  if (way == "not_dumpable") need(prctl(PR_SET_DUMPABLE, 0) == 0, "prctl"), fork_leaking();
  if (way == "mounts") {
    need(unshare(CLONE_NEWNS) == 0, "unshare");
    need(mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    need(mount("none", "/tmp", "tmpfs", 0, nullptr) == 0, "mount");
    fork_leaking();
  }
  if (way == "pids") need(unshare(CLONE_NEWPID) == 0, "unshare"), fork_leaking();
  if (way == "users") need(unshare(CLONE_NEWUSER) == 0, "unshare"), fork_leaking();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  char path[4096] = {};
  need(readlink("/proc/self/exe", path, sizeof path - 1) > 0, "readlink");
  self = path, what = argv[2];
  run(argv[1]);
  return 0;
}
