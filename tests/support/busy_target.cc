// busy_target.cc PROGRESS: threads that come and go, locks, waits, coroutines, fibers, blocks, a
// library loaded again and again, children, without end; each worker counts its rounds in the file
// PROGRESS, 8 bytes each, and checks what it can of its own state. Says "working"; at the end of
// its input all workers end, and it says "fine" and how many there were. Exit code 1: something was
// not as it has to be.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

namespace {

std::atomic<uint64_t>* progress;
std::atomic<bool> over{false};

void require(bool holds, const char* what) {
  if (holds) return;
  std::printf("wrong: %s\n", what);
  std::fflush(stdout);
  _exit(1);
}

// A thread must get its own argument, and its own routine.
struct Errand {
  uint64_t number, answer = 0;
};
template <int kRoutine>
void* run_errand(void* argument) {
  auto& errand = *static_cast<Errand*>(argument);
  errand.answer = errand.number * 8 + kRoutine;
  return argument;
}
void make_threads(uint64_t round) {
  void* (*const routines[])(void*) = {run_errand<0>, run_errand<1>, run_errand<2>, run_errand<3>};
  Errand errands[4];
  pthread_t threads[4];
  for (uint64_t i = 0; i < 4; ++i) {
    errands[i].number = round + i;
    require(pthread_create(&threads[i], nullptr, routines[i], &errands[i]) == 0, "no thread");
    pthread_setname_np(threads[i], "errand");
  }
  for (uint64_t i = 0; i < 4; ++i) {
    void* result = nullptr;
    require(pthread_join(threads[i], &result) == 0 && result == &errands[i], "a join");
    require(errands[i].answer == (round + i) * 8 + i, "a thread ran something else");
  }
}

std::mutex locks[6];
uint64_t guarded[6];
void take_locks(uint64_t round) {
  const uint64_t first = round % 5;
  const std::lock_guard outer(locks[first]);
  const std::lock_guard inner(locks[first + 1]);
  const uint64_t before = ++guarded[first];
  if (round % 16 == 0) usleep(10);
  require(guarded[first] == before, "two threads had one lock");
}

std::mutex turn_lock;
std::condition_variable turn_changed;
uint64_t turn;
void take_turns(uint64_t parity) {
  std::unique_lock lock(turn_lock);
  turn_changed.wait(lock, [&] { return turn % 2 == parity || over; });
  ++turn;
  turn_changed.notify_all();
}

struct Task {
  struct promise_type {
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
  };
  std::coroutine_handle<promise_type> handle;
};
__attribute__((noinline)) Task count_to(uint64_t* to, uint64_t number) {
  *to += number;
  co_await std::suspend_always{};
  *to += number;
}
void use_coroutines(uint64_t round) {
  uint64_t sum = 0;
  std::vector<Task> tasks;
  for (uint64_t i = 0; i < 8; ++i) tasks.push_back(count_to(&sum, round));
  for (const Task& task : tasks) task.handle.resume();
  for (const Task& task : tasks) task.handle.resume();
  require(sum == 16 * round, "a coroutine did not run twice");
  for (const Task& task : tasks) task.handle.destroy();
}

thread_local ucontext_t caller, fiber;
thread_local uint64_t fiber_rounds;
void run_fiber() {
  for (int i = 0; i < 4; ++i) {
    ++fiber_rounds;
    swapcontext(&fiber, &caller);
  }
}
void use_fibers() {
  std::vector<char> stack(64 << 10);
  getcontext(&fiber);
  fiber.uc_stack = {stack.data(), 0, stack.size()};
  fiber.uc_link = &caller;
  const uint64_t before = fiber_rounds;
  makecontext(&fiber, run_fiber, 0);
  for (int i = 0; i < 4; ++i) swapcontext(&caller, &fiber);
  require(fiber_rounds == before + 4, "a fiber did not run four times");
}

void use_blocks(uint64_t round) {
  std::vector<std::vector<uint64_t>> blocks;
  for (uint64_t i = 0; i < 16; ++i) blocks.emplace_back(round * 7 % 100 + i + 1, round);
  void* moved = std::malloc(round % 3000 + 1);
  moved = std::realloc(moved, round % 5000 + 1);
  std::free(moved);
  for (const auto& block : blocks) require(block.front() == round, "a block was overwritten");
  void* pages = mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(pages, 4096);
  munmap(static_cast<char*>(pages) + 4096, 4096);
}

void use_library() {
  void* library = dlopen("libm.so.6", RTLD_NOW);
  void* other = dlopen("libanl.so.1", RTLD_NOW);
  if (library != nullptr) dlclose(library);
  if (other != nullptr) dlclose(other);
  usleep(5000);
}

void make_child() {
  const pid_t child = fork();
  if (child == 0) {
    std::thread([] { usleep(1); }).join();
    _exit(7);
  }
  int status = 0;
  require(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7,
          "a child ended otherwise");
  usleep(20000);
}

template <class Work>
std::thread worker(int place, Work work) {
  return std::thread([place, work] {
    for (uint64_t round = 1; !over; ++round) {
      work(round);
      ++progress[place];
      usleep(300);  // the machine has others to serve
    }
  });
}

}  // namespace

int main(int, char** argv) {
  const int fd = open(argv[1], O_RDWR);
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fd < 0 || page == MAP_FAILED) return 2;
  progress = static_cast<std::atomic<uint64_t>*>(page);
  std::vector<std::thread> workers;
  const auto add = [&](auto work) {
    workers.push_back(worker(static_cast<int>(workers.size()), work));
  };
  add(make_threads);
  add(take_locks);
  add(take_locks);
  add([](uint64_t) { take_turns(0); });
  add([](uint64_t) { take_turns(1); });
  add(use_coroutines);
  add(use_coroutines);
  add([](uint64_t) { use_fibers(); });
  add(use_blocks);
  add([](uint64_t) { use_library(); });
  add([](uint64_t) { make_child(); });
  std::printf("working %zu\n", workers.size());
  std::fflush(stdout);
  char rest;
  while (read(STDIN_FILENO, &rest, 1) > 0) {
  }
  {
    const std::lock_guard lock(turn_lock);
    over = true;
  }
  turn_changed.notify_all();
  for (auto& thread : workers) thread.join();
  std::printf("fine %zu\n", workers.size());
}
