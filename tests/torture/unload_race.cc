// what: objects with a plug-in's function addresses are looked at while the plug-in is being closed
// plugins: counter
#include <dlfcn.h>
#include <time.h>

#include <atomic>
#include <thread>

#include "tests/torture/check.h"

int main() {
  std::atomic<bool> stop{false};
  std::atomic<void*> first{nullptr};
  std::thread looker([&] {
    int i = 0;
    while (!stop) {
      auto* words = static_cast<void**>(++i % 2 != 0 ? malloc(64) : calloc(1, 64));
      if (void* pointer = first) {
        words[0] = pointer;
        words[1] = static_cast<char*>(pointer) + 16;
      }
      const timespec moment{0, 1};
      if (i % 8 == 0) nanosleep(&moment, nullptr);
      free(words);
    }
  });
  int opened = 0;
  for (int i = 0; i < 200; ++i) {
    void* handle = dlopen("$ORIGIN/counter.so", RTLD_NOW);
    first = dlsym(handle, "plugin_first");
    opened += handle != nullptr;
    usleep(200);
    dlclose(handle);
  }
  stop = true;
  looker.join();
  SHOW(opened);
}
