// A program that nobody prepares, steered by words on its standard input; it answers each with a
// line. Some of its threads wait from the start on.
#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace {

std::mutex mutex, first;
std::condition_variable& never = *new std::condition_variable;  // its waiters outlive main
std::atomic<int> waiting{0};
std::atomic<long> turns{0};
char* volatile kept;

void wait_for_ever() {
  std::unique_lock lock(mutex);
  ++waiting;
  never.wait(lock, [] { return false; });
}

void leak_a_thread() {
  const int before = waiting.load();
  std::thread(wait_for_ever).detach();
  while (waiting.load() == before) poll(nullptr, 0, 1);
}

// Work that must come out right whatever is attached to it meanwhile.
void churn() {
  for (;;) {
    std::thread other([] {
      delete[] new char[100];
      std::lock_guard lock(first);
      ++turns;
    });
    other.join();
  }
}

// Never calls anything that could be noticed.
[[gnu::noinline]] void burn_time() {
  for (volatile long i = 0;;) i = i + 1;
}

void lock_crosswise() {
  static pthread_barrier_t both;
  pthread_barrier_init(&both, nullptr, 2);
  const auto take = [](std::mutex* one, std::mutex* other) {
    one->lock();
    pthread_barrier_wait(&both);
    other->lock();
  };
  static std::mutex left, right;
  std::thread(take, &left, &right).detach();
  std::thread(take, &right, &left).detach();
}

// One lock is taken early, the other late; each thread then wants the other's.
std::mutex early, late;
std::atomic<int> stage{0};

void take_early_then_late() {
  early.lock();
  stage = 1;
  while (stage != 2) poll(nullptr, 0, 1);
  late.lock();
}

void hold_early() {
  std::thread(take_early_then_late).detach();
  while (stage != 1) poll(nullptr, 0, 1);
}

void take_late_then_early() {
  late.lock();
  stage = 2;
  early.lock();
}

void leave_unjoined() {
  pthread_t thread;
  pthread_create(
      &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr);
}

void open_plugin(const char* file) {
  void* plugin = dlopen(file, RTLD_NOW);
  auto* start =
      plugin != nullptr ? reinterpret_cast<void (*)()>(dlsym(plugin, "start_threads")) : nullptr;
  if (start != nullptr) start();
  printf("%s\n", start != nullptr ? "ok" : dlerror());
}

// What is registered before the loader registers its own end runs after every library's
// destructors.
bool stays_late = false;

void stay_late(void*) {
  char byte;
  if (stays_late && write(STDOUT_FILENO, "late\n", 5) == 5)
    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n') {
    }
}

extern "C" int __cxa_atexit(void (*)(void*), void*, void*);
void register_early() {
  __cxa_atexit(stay_late, nullptr, nullptr);
}
[[gnu::section(".preinit_array"), gnu::used]] void (*const before_all)() = register_early;

}  // namespace

int main() {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  leak_a_thread();
  std::thread(churn).detach();
  puts("ready");
  char line[4096];
  while (fgets(line, sizeof line, stdin) != nullptr) {
    line[strcspn(line, "\n")] = 0;
    const std::string word(line, strcspn(line, " "));
    const char* rest = strchr(line, ' ');
    if (word == "leak") leak_a_thread();
    if (word == "cross") lock_crosswise();
    if (word == "burn") std::thread(burn_time).detach();
    if (word == "early") hold_early();
    if (word == "late") std::thread(take_late_then_early).detach();
    if (word == "unjoined") leave_unjoined();
    if (word == "allocate") kept = new char[123456];
    if (word == "turns") {
      printf("%ld\n", turns.load());
      continue;
    }
    if (word == "plugin") {
      open_plugin(rest + 1);
      continue;
    }
    stays_late = word == "quit_late";
    if (stays_late || word == "quit") return 0;
    puts("ok");
  }
}
