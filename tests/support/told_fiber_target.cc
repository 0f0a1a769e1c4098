// Fibers of a scheduler with a switch of its own (samples/fibers/own_scheduler.h): three wait, one
// of them on another thread than it began on; one never starts; one is over. Prints "ready", lets
// the first one end at the first byte it reads, says "ready" again, and ends at the second.
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "samples/fibers/own_scheduler.h"

namespace {

[[gnu::noinline]] void request() {
  for (int hop = 0; hop < 3; ++hop) await_reply();
  asm volatile("" ::: "memory");
}
void brief() {}

void wait_for_byte() {
  if (write(STDOUT_FILENO, "ready\n", 6) != 6) std::_Exit(1);
  char byte;
  if (read(STDIN_FILENO, &byte, 1) != 1) std::_Exit(1);
}

void end_first() {
  track_fiber_destroy(fibers.front()->told);
  track_fiber_destroy(fibers.front()->told);  // the second time it is nobody's
  std::free(fibers.front()->stack);
  fibers.erase(fibers.begin());
}

}  // namespace

int main() {
  start_fiber(brief);
  for (int i = 0; i < 4; ++i) start_fiber(request);
  for (std::size_t i = 0; i < 4; ++i) resume_fiber(i);
  end_first();
  std::thread([] { resume_fiber(1); }).join();
  wait_for_byte();
  while (!fibers.front()->done) resume_fiber(0);
  end_first();
  wait_for_byte();
}
