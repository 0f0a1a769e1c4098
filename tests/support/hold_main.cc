// Preloaded into a sample that nobody prepares: when its main has returned, or it calls exit, it
// says so on standard output and waits to be killed, so that it can be looked at from outside.
#include <dlfcn.h>
#include <unistd.h>

namespace {

using Main = int (*)(int, char**, char**);
using Start = int (*)(Main, int, char**, void (*)(), void (*)(), void (*)(), void*);

Main real_main = nullptr;

// What main and its callees left below the stack pointer would count for up to 128 bytes.
[[gnu::noinline]] void wipe_stack() {
  volatile char room[16384];
  for (volatile char& byte : room) byte = 0;
}

void hold() {
  if (write(STDOUT_FILENO, "held\n", 5) == 5)
    for (;;) pause();
}

int held_main(int count, char** arguments, char** environment) {
  const int code = real_main(count, arguments, environment);
  wipe_stack();
  hold();
  return code;
}

}  // namespace

extern "C" int __libc_start_main(Main main, int count, char** arguments, void (*init)(),
                                 void (*fini)(), void (*loader_fini)(), void* stack_end) {
  real_main = main;
  const auto start = reinterpret_cast<Start>(dlsym(RTLD_NEXT, "__libc_start_main"));
  return start(held_main, count, arguments, init, fini, loader_fini, stack_end);
}

extern "C" void exit(int code) {
  hold();
  _exit(code);
}
