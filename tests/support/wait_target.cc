// Waits of the program's own making (track/wait.h), to be looked at from outside.
//   wait_target MODE        says "ready" once its threads wait, and ends when its input does
//     spin      two threads in a cycle of two spin locks
//     mixed     a cycle of a mutex of libc and a told lock
//     held      three threads wait for a lock that main holds, and goes on with
//     fed       a thread waits for a global channel, inside in a condition; main woke it before
//     timed     a cycle of told waits, one of which ends by itself
//     ended     who owned the lock has ended
//     fiber     a fiber waits for an event, suspended
//     costly    a thread waits within a wait within a wait
//   wait_target asks        what the functions answer; exit code 1 and a line for what is wrong
#include <pthread.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "libtrack/include/track/wait.h"

namespace {

std::atomic<bool> over{false};

// Spins until the end of the program.
void wait_for(const void* object, uint32_t kind) {
  track::waiting wait(object, kind);
  while (!over) std::this_thread::yield();
}

struct Named {
  explicit Named(const char* text) : name(this, text) {}
  track::lock_name name;
};
Named upper{"upper"}, lower{"lower"}, jobs{"jobs"};
std::mutex plain;
std::vector<std::thread> threads;

void spin(uint32_t kind_of_second) {
  auto* both = new std::latch(2);
  for (const bool first : {true, false})
    threads.emplace_back([=] {
      const track::owning own(first ? &upper : &lower);
      both->arrive_and_wait();
      wait_for(first ? &lower : &upper, first ? uint32_t{TRACK_WAIT_LOCK} : kind_of_second);
    });
}

void mixed() {
  auto* both = new std::latch(2);
  threads.emplace_back([=] {
    const std::lock_guard guard(plain);
    both->arrive_and_wait();
    wait_for(&upper, TRACK_WAIT_LOCK);
  });
  threads.emplace_back([=] {
    const track::owning own(&upper);
    both->arrive_and_wait();
    const std::lock_guard guard(plain);
  });
}

void held() {
  track_owner_set(&upper);
  for (int i = 0; i < 3; ++i) threads.emplace_back(wait_for, &upper, TRACK_WAIT_LOCK);
}

std::mutex fed_mutex;
std::condition_variable fed_ready;

void fed() {
  track_woke(&jobs);
  threads.emplace_back([] {
    std::unique_lock guard(fed_mutex);
    track::waiting wait(&jobs, TRACK_WAIT_CHANNEL);
    fed_ready.wait(guard, [] { return over.load(); });
  });
}

void ended() {
  std::thread([] { track_owner_set(&upper); }).join();
  threads.emplace_back(wait_for, &upper, TRACK_WAIT_LOCK);
}

ucontext_t outside, inside;
char fiber_stack[64 << 10];

void fiber_body() {
  track_task_name("angler");
  track::waiting wait(&jobs, TRACK_WAIT_EVENT);
  swapcontext(&inside, &outside);
}

void fiber() {
  getcontext(&inside);
  inside.uc_stack.ss_sp = fiber_stack;
  inside.uc_stack.ss_size = sizeof fiber_stack;
  inside.uc_link = &outside;
  makecontext(&inside, fiber_body, 0);
  swapcontext(&outside, &inside);
}

void costly() {
  threads.emplace_back([] {
    track::waiting first(&upper, TRACK_WAIT_POOL);
    track::waiting second(&lower, TRACK_WAIT_QUEUE);
    wait_for(&jobs, TRACK_WAIT_CHANNEL);
  });
}

int asks() {
  const int there = track_is_recording();
  int wrong = 0;
  const auto check = [&](bool right, const char* what) {
    if (!right) std::printf("%s\n", what);
    wrong |= !right;
  };
  check(track_owner_set(&upper) == there, "track_owner_set");
  check(track_woke(&upper) == there, "track_woke");
  check(track_owner_set(nullptr) == 0, "track_owner_set of null");
  track_wait_end();  // without a begin
  track_owner_clear(&upper);
  track_object_gone(&upper);
  track_object_gone(&lower);
  // More objects than there is room for, one after the other: those that nobody owns give way.
  std::vector<char> many(1 << 20);
  int kept = 0;
  for (char& object : many) {
    kept += track_owner_set(&object);
    track_owner_clear(&object);
  }
  check(kept == (there != 0 ? static_cast<int>(many.size()) : 0), "objects that nobody owns stay");
  std::puts(there != 0 ? "asked" : "not tracked");
  return wrong;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc == 2 ? argv[1] : "";
  if (mode == "asks") return asks();
  if (mode == "spin")
    spin(TRACK_WAIT_LOCK);
  else if (mode == "timed")
    spin(TRACK_WAIT_LOCK | TRACK_WAIT_TIMED);
  else if (mode == "mixed")
    mixed();
  else if (mode == "held")
    held();
  else if (mode == "fed")
    fed();
  else if (mode == "ended")
    ended();
  else if (mode == "fiber")
    fiber();
  else if (mode == "costly")
    costly();
  else
    return 2;
  std::puts("ready");
  std::fflush(stdout);
  char byte;
  while (read(0, &byte, 1) == 1) {
  }
  _exit(0);
}
