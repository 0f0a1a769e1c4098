// what: fiber stacks from aligned allocations whose first page is made inaccessible
#include <malloc.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/torture/check.h"

static void wait_a_moment() {
  const timespec moment{0, 1000};
  nanosleep(&moment, nullptr);
}

int main() {
  int good = 0;
  for (size_t bytes : {8192u, 16384u, 65536u, 131072u, 262144u, 524288u}) {
    void* blocks[4] = {};
    good += posix_memalign(&blocks[0], 4096, bytes) == 0;
    blocks[1] = aligned_alloc(4096, bytes);
    blocks[2] = memalign(8192, bytes);
    good += posix_memalign(&blocks[3], 4096, bytes) == 0;
    for (void* block : blocks) good += mprotect(block, 4096, PROT_NONE) == 0;
    wait_a_moment();
    free(malloc(100));
    for (int i = 0; i < 8; ++i) {
      char* volatile more = static_cast<char*>(malloc(1000));
      free(more);
    }
    wait_a_moment();
    for (void* block : blocks) {
      good += mprotect(block, 4096, PROT_READ | PROT_WRITE) == 0;
      free(block);
    }
  }
  SHOW(good);
}
