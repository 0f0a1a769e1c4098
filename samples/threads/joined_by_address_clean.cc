// what: Threads are joined and detached through libc's own addresses, where nobody can see it, and
// what: one is detached because all are, by default.
// expect: clean
// libs: dl
#include <dlfcn.h>
#include <pthread.h>

#include <semaphore>

static std::counting_semaphore<> ending(0);
using Join = int (*)(pthread_t, void**);
using Detach = int (*)(pthread_t);

static void* work(void*) {
  ending.release();
  return nullptr;
}

static pthread_t start() {
  pthread_t thread{};
  pthread_create(&thread, nullptr, work, nullptr);
  return thread;
}

int main() {
  void* const libc = dlopen("libc.so.6", RTLD_NOW);
  const auto join = reinterpret_cast<Join>(dlsym(libc, "pthread_join"));
  const auto detach = reinterpret_cast<Detach>(dlsym(libc, "pthread_detach"));
  if (join == nullptr || detach == nullptr) return 1;
  const pthread_t first = start(), second = start();
  join(first, nullptr);
  detach(second);
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  if (pthread_setattr_default_np(&detached) == 0) start();
  for (int i = 0; i < 2; ++i) ending.acquire();
}
