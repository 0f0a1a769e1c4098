// what: Threads are created and left; the program has libc's own pthread_join and never calls it.
// expect: unjoined-thread proved count=3 created_by=start_all
// libs: dl
#include <dlfcn.h>
#include <pthread.h>

#include <semaphore>

static std::counting_semaphore<> ending(0);
using Join = int (*)(pthread_t, void**);
static Join join;
static pthread_t threads[3];

static void* work(void*) {
  ending.release();
  return nullptr;
}

static void start_all() {
  for (pthread_t& thread : threads) pthread_create(&thread, nullptr, work, nullptr);
}

int main() {
  void* const libc = dlopen("libc.so.6", RTLD_NOW);
  join = reinterpret_cast<Join>(dlsym(libc, "pthread_join"));
  if (join == nullptr) return 1;
  start_all();
  for (int i = 0; i < 3; ++i) ending.acquire();
}
