// what: The only other reference waits in a named pipe (FIFO) that this process will read.
// expect: gate-clean
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "samples/support/hidden_reference.h"

static int both_ends;

static int make_named_pipe() {
  char place[] = "/tmp/track-sample-XXXXXX";
  if (mkdtemp(place) == nullptr) return -1;
  const std::string name = std::string(place) + "/pipe";
  const int descriptor = mkfifo(name.c_str(), 0600) == 0 ? open(name.c_str(), O_RDWR) : -1;
  unlink(name.c_str());
  rmdir(place);
  return descriptor;
}

int main() {
  both_ends = make_named_pipe();
  if (both_ends < 0) return 1;
  hidden::start_waiter([](auto* gate) {
    uint64_t value = hidden::bits(gate);
    if (write(both_ends, &value, sizeof value) != sizeof value) std::terminate();
  });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
