// what: The same fibers, resumed until they are done; their stacks are freed.
// expect: clean
// flags: -Ilibtrack/include
#include "samples/fibers/own_scheduler.h"

namespace {

void request() {
  for (int hop = 0; hop < 3; ++hop) await_reply();
}

}  // namespace

int main() {
  for (int i = 0; i < 4; ++i) start_fiber(request);
  while (resume_all()) {
  }
  free_fibers();
}
