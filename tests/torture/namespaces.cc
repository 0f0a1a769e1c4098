// what: dlmopen of a C++ plug-in into new namespaces, with threads and exceptions there
// plugins: cxx
#include <dlfcn.h>

#include <thread>

#include "tests/torture/check.h"

int main() {
  for (int i = 0; i < 4; ++i) {
    void* handle = dlmopen(LM_ID_NEWLM, "$ORIGIN/cxx.so", RTLD_NOW);
    if (handle == nullptr) {
      puts("WRONG: no namespace");
      return 1;
    }
    const auto work = reinterpret_cast<int (*)()>(dlsym(handle, "cxx_work"));
    SHOW(work());
    std::thread([work] { SHOW(work()); }).join();
    SHOW(dlclose(handle));
  }
}
