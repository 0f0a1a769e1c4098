// what: exceptions and longjmp across recorded frames, through once, new handlers and thread bodies
#include <pthread.h>
#include <setjmp.h>

#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

static jmp_buf place;
static std::mutex mutex;

[[gnu::noinline]] static int thrower(int depth) {
  std::vector<int> v(10, depth);
  const std::lock_guard<std::mutex> guard(mutex);
  if (depth == 0) throw std::runtime_error("deep");
  mutex.unlock();
  const int r = thrower(depth - 1) + v[3];
  mutex.lock();
  return r;
}

[[gnu::noinline]] static void jumper(int depth) {
  void* volatile block = alloca(100);
  (void)block;
  if (depth == 0) longjmp(place, 1);
  jumper(depth - 1);
  usleep(1);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int attempts;
static void once_body() {
  if (++attempts < 3) throw 5;
}

int main() {
  int caught = 0;
  for (int i = 0; i < 100; ++i) {
    std::mutex* again = new (&mutex) std::mutex;
    (void)again;
    try {
      std::vector<int> v(10);
      thrower(0);
    } catch (const std::exception&) {
      ++caught;
    }
  }
  SHOW(caught);
  volatile int jumped = 0;
  for (volatile int i = 0; i < 100; i = i + 1)
    if (setjmp(place) == 0)
      jumper(30);
    else
      jumped = jumped + 1;
  SHOW(jumped);
  for (int i = 0; i < 4; ++i) try {
      pthread_once(&once, once_body);
      puts("once done");
    } catch (int n) {
      printf("once threw %d\n", n);
    }
  std::once_flag flag;
  for (int i = 0; i < 3; ++i) try {
      std::call_once(flag, [&] {
        if (i < 1) throw i;
        puts("called once");
      });
    } catch (int n) {
      printf("call_once threw %d\n", n);
    }
  try {
    operator delete(operator new (size_t{1} << 62));
  } catch (const std::bad_alloc&) {
    puts("bad_alloc");
  }
  CHECK(operator new (size_t{1} << 62, std::nothrow) == nullptr);
  std::set_new_handler([] { throw 77; });
  try {
    operator delete(operator new[](size_t{1} << 62));
  } catch (int n) {
    printf("new handler threw %d\n", n);
  }
  std::thread([] {
    try {
      throw 1;
    } catch (...) {
      puts("caught in thread");
    }
  }).join();
}
