// what: linked with libunwind, before libgcc: it unwinds itself, throws, is cancelled, in threads
// flags: -lunwind
// repeat: 2
#define UNW_LOCAL_ONLY
#include <execinfo.h>
#include <libunwind.h>
#include <pthread.h>

#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

// Frames of ours down from here: the ones that the test itself made.
static int walked() {
  unw_context_t context;
  unw_cursor_t cursor;
  unw_getcontext(&context);
  unw_init_local(&cursor, &context);
  int ours = 0;
  char name[200];
  unw_word_t offset;
  while (unw_step(&cursor) > 0)
    if (unw_get_proc_name(&cursor, name, sizeof name, &offset) == 0)
      ours += strstr(name, "descend") != nullptr;
  return ours;
}

extern "C" __attribute__((noinline)) int descend(int depth) {
  int* volatile block = new int(depth);
  delete block;
  if (depth == 0) return walked();
  const int below = descend(depth - 1);
  asm volatile("");
  return below;
}

int main() {
  std::vector<std::thread> threads;
  int frames[4] = {}, caught = 0;
  for (int& one : frames) threads.emplace_back([&one] { one = descend(10); });
  for (auto& thread : threads) thread.join();
  for (const int one : frames) SHOW(one);
  for (int i = 0; i < 100; ++i) try {
      std::thread([] { usleep(1); }).join();
      throw std::runtime_error("thrown");
    } catch (const std::runtime_error&) {
      ++caught;
    }
  SHOW(caught);
  void* addresses[64];
  CHECK(backtrace(addresses, 64) > 1);
  int cleaned = 0;
  pthread_t thread;
  pthread_create(
      &thread, nullptr,
      [](void* count) -> void* {
        struct Cleanup {
          void* count;
          ~Cleanup() { ++*static_cast<int*>(count); }
        } cleanup{count};
        for (;;) usleep(1000);
      },
      &cleaned);
  usleep(100);
  pthread_cancel(thread);
  void* result = nullptr;
  pthread_join(thread, &result);
  CHECK(result == PTHREAD_CANCELED);
  SHOW(cleaned);
}
