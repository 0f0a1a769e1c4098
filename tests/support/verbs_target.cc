// Leaves one thread blocked for ever and one coroutine suspended for ever (or finishes both: second
// argument `clean`), says "ready PID", and ends in the way its first argument names. With `objects`
// a thread waits for a semaphore and at a barrier instead, both made at run time, and that is all.
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

// With external linkage: else a compiler may see that nobody reads them again and not store them,
// and the coroutine is rightly proved to be orphaned.
std::thread* blocked;
std::coroutine_handle<> suspended;

namespace {

std::mutex* const never = new std::mutex;

void wait_for_ever() {
  never->lock();
  never->unlock();
}

struct Session {
  struct promise_type {
    Session get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

Session await_for_ever() {
  co_await std::suspend_always{};
}

void finish_both() {
  never->unlock();
  blocked->join();
  suspended.destroy();
}

void exit_with_a_forked_child() {
  std::atexit([] {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, nullptr, 0);
  });
}

// It shares our memory until it has become another program.
void exec_in_a_child() {
  const pid_t child = vfork();
  if (child == 0) {
    execl("/bin/true", "true", nullptr);
    _exit(1);
  }
  waitpid(child, nullptr, 0);
  raise(SIGKILL);
}

// The thread has said that it blocks, as far as that can be seen: it sleeps.
void await_sleep(const std::string& task) {
  for (char state = 0; state != 'S';) {
    std::FILE* file = std::fopen((task + "/stat").c_str(), "r");
    if (file == nullptr || std::fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = 0;
    if (file != nullptr) std::fclose(file);
    sched_yield();
  }
}

std::string other_task() {
  std::string found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task"))
    if (task.path().filename() != std::to_string(getpid())) found = task.path();
  return found;
}

// A thread of its own that blocks for ever; or, where the master has given the lock back, ends.
void serve(bool clean) {
  std::thread worker(wait_for_ever);
  if (clean) return worker.join();
  await_sleep(other_task());
  worker.detach();
}

void prefork(bool clean) {
  pid_t workers[3];
  for (pid_t& worker : workers) {
    worker = fork();
    if (worker != 0) continue;
    serve(clean);
    std::exit(0);
  }
  for (const pid_t worker : workers) waitpid(worker, nullptr, 0);
}

struct Hanging {
  ~Hanging() {
    for (;;) pause();
  }
};

void end(const std::string& how, bool clean) {
  if (how == "exit") std::exit(0);
  if (how == "quick_exit") std::quick_exit(0);
  if (how == "_exit") _exit(0);
  if (how == "_Exit") _Exit(0);
  if (how == "err") err(3, "as told");
  if (how == "raw") asm volatile("syscall" : : "a"(SYS_exit_group), "D"(0) : "rcx", "r11");
  if (how == "atexit") exit_with_a_forked_child();
  if (how == "term") raise(SIGTERM);
  if (how == "abort") std::abort();
  if (how == "segv") raise(SIGSEGV);
  if (how == "kill") raise(SIGKILL);
  if (how == "forever")
    for (;;) pause();
  char* none[] = {nullptr};
  if (how == "exec") execle("/bin/sh", "sh", "-c", "exit 0", nullptr, none);
  if (how == "exec_killed") execle("/bin/sh", "sh", "-c", "kill -9 $$", nullptr, none);
  if (how == "exec_called") {
    const char* words[] = {"sh", "-c", "kill -9 $$", nullptr};
    syscall(SYS_execve, "/bin/sh", words, none);
  }
  if (how == "exec_tracked") execlp("true", "true", nullptr);
  if (how == "exec_failed") execl("/nonesuch/program", "program", nullptr);
  if (how == "vfork") exec_in_a_child();
  if (how == "prefork") prefork(clean);
  if (how == "hang") static Hanging hanging;
}

struct Objects {
  sem_t semaphore;
  pthread_barrier_t barrier;
};

[[gnu::noinline]] Objects* make_objects() {
  auto* objects = new Objects;
  sem_init(&objects->semaphore, 0, 0);
  pthread_barrier_init(&objects->barrier, nullptr, 2);
  return objects;
}

int use_objects() {
  Objects* objects = make_objects();
  std::thread worker([&] {
    sem_wait(&objects->semaphore);
    pthread_barrier_wait(&objects->barrier);
  });
  await_sleep(other_task());
  sem_post(&objects->semaphore);
  pthread_barrier_wait(&objects->barrier);
  worker.join();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string how = argc > 1 ? argv[1] : "return";
  if (how == "objects") return use_objects();
  never->lock();
  blocked = new std::thread(wait_for_ever);
  suspended = await_for_ever().handle;
  await_sleep(other_task());
  if (argc > 2) finish_both();
  std::printf("ready %d\n", getpid());
  std::fflush(stdout);
  end(how, argc > 2);
  return how == "return3" ? 3 : 0;
}
