// References that no scan finds, and what the program says of them.
//   hidden_target words   what the functions answer; exit code 1 and a line for what is wrong
//   hidden_target held    a coroutine that somebody holds twice, under a seal
//   hidden_target root    one that a table refers to, which is known by its sealed address alone
//   hidden_target full    one that is lost, and more held pointers than there is room for
//   hidden_target child   as root; the table is of before fork, the coroutine its child's
// Prints "ready PID" and reads a byte, each time before something is taken back.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "libtrack/include/track/track.h"
#include "samples/support/sealed.h"
#include "samples/support/task.h"

namespace {

int wrong = 0;
void check(bool right, const char* what) {
  if (right) return;
  std::printf("wrong: %s\n", what);
  wrong = 1;
}
#define CHECK(condition) check(condition, #condition)

Sealed seal;

// On a thread of its own, so that nothing of it is left in the stack of one that lives on.
template <class Do>
void elsewhere(Do work) {
  std::thread(work).join();
}

void ready() {
  std::printf("ready %d\n", getpid());
  std::fflush(stdout);
  char byte;
  if (read(STDIN_FILENO, &byte, 1) != 1) _exit(0);
}

template <class Keep>
struct Parked {
  Keep keep;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) const noexcept { keep(waiting.address()); }
  void await_resume() const noexcept {}
};

template <class Keep>
co::detached transfer(Keep keep) {
  co_await Parked<Keep>{keep};
}

constexpr size_t kSlots = 16, kBytes = kSlots * sizeof(void*);

int words() {
  const bool tracked = track_is_recording() != 0;
  int a[4], b;
  CHECK(track_kernel_holds(nullptr) == 0 && track_root_add(nullptr, 8) == 0);
  CHECK(track_root_add(a, 0) == 0);
  CHECK(track_kernel_gave_back(a) == 0 && track_root_remove(a, sizeof a) == 0);
  for (int i = 0; i < 1000; ++i) CHECK(track_kernel_holds(a) == tracked);
  for (int i = 0; i < 1000; ++i) CHECK(track_kernel_gave_back(a) == tracked);
  CHECK(track_kernel_gave_back(a) == 0);
  CHECK(track_root_add(a, sizeof a) == tracked && track_root_add(a, sizeof a) == tracked);
  CHECK(track_root_add(a, 4) == tracked && track_root_remove(a, 8) == 0);
  CHECK(track_root_remove(a, sizeof a) == tracked && track_root_remove(a, 4) == tracked);
  CHECK(track_root_remove(a, sizeof a) == tracked && track_root_remove(a, sizeof a) == 0);
  // A name and a root of one place are two things.
  CHECK(track_lock_name(&b, "b") == tracked && track_kernel_holds(&b) == tracked);
  track_lock_name(&b, nullptr);
  CHECK(track_kernel_gave_back(&b) == tracked);
  {
    const track::root root(a, sizeof a);
    const track::kernel_held held(a);
    CHECK(track_root_remove(a, sizeof a) == tracked);
  }
  CHECK(track_kernel_gave_back(a) == 0);
  // Many threads, each with its own and all with the same.
  std::vector<std::thread> threads;
  static char shared, own[4];
  for (char& mine : own)
    threads.emplace_back([&mine, tracked] {
      for (int i = 0; i < 20000; ++i) {
        const bool held = track_kernel_holds(&shared) == tracked;
        const bool named = track_kernel_holds(&mine) == tracked;
        const bool given = track_kernel_gave_back(&shared) == tracked;
        if (!held || !named || !given || track_kernel_gave_back(&mine) != tracked)
          check(false, "a pointer that is held at several places");
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(track_kernel_gave_back(&shared) == 0 && track_lost() == 0);
  return wrong;
}

void lose(bool held) {
  elsewhere([held] {
    transfer([held](void* frame) {
      if (held) CHECK(track_kernel_holds(frame) == track_is_recording());
      if (held) CHECK(track_kernel_holds(frame) == track_is_recording());
      seal.put(frame);
    });
  });
}
void give_back() {
  elsewhere([] { track_kernel_gave_back(seal.get()); });
}

int run_held() {
  lose(true);
  ready();
  give_back();
  ready();
  give_back();
  ready();
  return wrong;
}

void make_table() {
  elsewhere([] {
    void* const table = std::calloc(kSlots, sizeof(void*));
    track_root_add(table, kBytes);
    seal.put(table);
  });
}
void lose_in_table() {
  elsewhere([] { transfer([](void* frame) { static_cast<void**>(seal.get())[5] = frame; }); });
}
void drop_table() {
  elsewhere([] { track_root_remove(seal.get(), kBytes); });
}

int run_root() {
  make_table();
  lose_in_table();
  ready();
  drop_table();
  ready();
  return wrong;
}

int run_full() {
  lose(false);
  ready();
  static char many[1 << 16];
  int held = 0;
  while (held < static_cast<int>(sizeof many) && track_kernel_holds(many + held) != 0) ++held;
  CHECK(held > 1000 && held < static_cast<int>(sizeof many));
  while (held-- > 0) CHECK(track_kernel_gave_back(many + held) == 1);
  ready();
  return wrong;
}

int run_child() {
  make_table();
  const pid_t child = fork();
  if (child != 0) {
    int status = 0;
    waitpid(child, &status, 0);
    return wrong | status;
  }
  lose_in_table();
  ready();
  drop_table();
  ready();
  return wrong;
}

}  // namespace

int main(int argc, char** argv) {
  const char* const what = argc > 1 ? argv[1] : "";
  if (std::strcmp(what, "words") == 0) return words();
  if (std::strcmp(what, "held") == 0) return run_held();
  if (std::strcmp(what, "root") == 0) return run_root();
  if (std::strcmp(what, "full") == 0) return run_full();
  if (std::strcmp(what, "child") == 0) return run_child();
  return 2;
}
