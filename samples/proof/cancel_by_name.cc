// what: Only the waiter knows its condition, but the program asks for pthread_cancel by name.
// expect: stuck-task likely count=1 created_by=start_waiter
// flags: -ldl
#include <dlfcn.h>
#include <pthread.h>

#include "samples/support/hidden_reference.h"

static pthread_t waiter;

int main(int argc, char**) {
  hidden::start_waiter([](auto*) {});
  hidden::waiting.acquire();
  if (argc > 1) reinterpret_cast<int (*)(pthread_t)>(dlsym(RTLD_DEFAULT, "pthread_cancel"))(waiter);
}
