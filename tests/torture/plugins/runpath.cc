// Opens its neighbour by name: found only if the loader sees this plug-in, with its RUNPATH, as the
// caller.
#include <dlfcn.h>

extern "C" int open_neighbour() {
  void* handle = dlopen("counter.so", RTLD_NOW);
  if (handle == nullptr) return -1;
  const auto work = reinterpret_cast<int (*)(int)>(dlsym(handle, "plugin_work"));
  const int result = work(5);
  dlclose(handle);
  return result;
}
