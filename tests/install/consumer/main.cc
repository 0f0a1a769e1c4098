// A program that links the installed library. Says on stdout which object serves its threads.
#include <dlfcn.h>

#include <cstdio>
#include <thread>

#if __has_include(<track/track.h>)
#include <track/track.h>
#endif

int main() {
  int done = 0;
  std::thread worker([&] { done = 1; });
  worker.join();
  Dl_info info{};
  void* const create = dlsym(RTLD_DEFAULT, "pthread_create");
  if (create == nullptr || dladdr(create, &info) == 0) return 1;
  std::printf("pthread_create of %s\n", info.dli_fname);
  return done == 1 ? 0 : 1;
}
