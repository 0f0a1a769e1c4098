// Preloaded into a program that nobody prepares: its main waits until there is a file `go` in its
// working directory, which it takes away; so there is time to attach to it. What it starts is not
// held up: this library leaves the environment again.
#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

namespace {

using Main = int (*)(int, char**, char**);
using Start = int (*)(Main, int, char**, void (*)(), void (*)(), void (*)(), void*);

Main real_main = nullptr;

int gated_main(int count, char** arguments, char** environment) {
  while (unlink("go") != 0) poll(nullptr, 0, 2);
  return real_main(count, arguments, environment);
}

}  // namespace

extern "C" int __libc_start_main(Main main, int count, char** arguments, void (*init)(),
                                 void (*fini)(), void (*loader_fini)(), void* stack_end) {
  real_main = main;
  unsetenv("LD_PRELOAD");
  const auto start = reinterpret_cast<Start>(dlsym(RTLD_NEXT, "__libc_start_main"));
  return start(gated_main, count, arguments, init, fini, loader_fini, stack_end);
}
