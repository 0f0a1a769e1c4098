// what: dlopen and dlclose in a loop while threads work inside and outside of the plug-in
// plugins: counter
#include <dlfcn.h>
#include <time.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

int main() {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      while (!stop) {
        free(malloc(40));
        const timespec moment{0, 1000};
        nanosleep(&moment, nullptr);
      }
    });
  int sum = 0, opened = 0;
  std::vector<void*> objects;
  for (int i = 0; i < 150; ++i) {
    void* handle = dlopen("$ORIGIN/counter.so", RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      printf("%s\n", dlerror());
      return 1;
    }
    ++opened;
    const auto work = reinterpret_cast<int (*)(int)>(dlsym(handle, "plugin_work"));
    const auto object = reinterpret_cast<void* (*)()>(dlsym(handle, "plugin_object"));
    std::thread([&] { sum += work(i); }).join();
    for (int n = 0; n < 3; ++n) objects.push_back(object());
    sum += work(i);
    dlclose(handle);
    if (i % 10 == 9) {
      for (void* p : objects) free(p);
      objects.clear();
    }
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  SHOW(sum);
  SHOW(opened);
}
