// what: a library constructor, run before the tracker's, starts threads that use every hook
// link: busy_constructor
// repeat: 30
#include "tests/torture/check.h"

extern "C" int busy_join();

int main() {
  SHOW(busy_join());
}
