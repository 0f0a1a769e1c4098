// what: quick_exit@GLIBC_2.10, which runs the thread's destructors; the new one does not
#include <stdlib.h>

#include "tests/torture/check.h"

__asm__(".symver quick_exit, quick_exit@GLIBC_2.10");

struct Speaker {
  ~Speaker() {
    puts("destructor of the thread");
    fflush(stdout);
  }
};

int main() {
  thread_local Speaker speaker;
  (void)&speaker;
  at_quick_exit([] {
    puts("at_quick_exit");
    fflush(stdout);
  });
  quick_exit(3);
}
