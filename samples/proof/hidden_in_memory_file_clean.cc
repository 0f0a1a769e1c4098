// what: The only other reference was written to a memory file and is mapped only to be read.
// expect: gate-clean
#include <sys/mman.h>
#include <unistd.h>

#include "samples/support/hidden_reference.h"

int main() {
  const int file = memfd_create("references", MFD_CLOEXEC);
  hidden::start_waiter([file](auto* gate) {
    const uint64_t value = hidden::bits(gate);
    if (pwrite(file, &value, sizeof value, 64) != sizeof value) _exit(1);
  });
  hidden::waiting.acquire();
  hidden::wipe_stack();
  if (mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file, 0) == MAP_FAILED) return 1;
  close(file);
}
