// what: The only other reference stands in a page that was put away, to be brought back by
// what: the program itself when it is touched (userfaultfd).
// expect: gate-clean
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "samples/support/hidden_reference.h"

static std::array<unsigned char, 4096> away;  // the page, each byte changed

int main() {
  auto* page = static_cast<unsigned char*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  const int faults = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC));
  hidden::start_waiter([&](auto* gate) {
    *reinterpret_cast<uint64_t*>(page + 64) = hidden::bits(gate);
    // Where the kernel has none, the page stays.
    if (faults < 0) return;
    for (size_t i = 0; i < away.size(); ++i) away[i] = page[i] ^ 0x5a;
    munmap(page, 4096);
    mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    madvise(page, 4096, MADV_DONTDUMP);
    uffdio_api api{};
    api.api = UFFD_API;
    api.features = UFFD_FEATURE_EVENT_FORK;
    if (ioctl(faults, UFFDIO_API, &api) != 0) _exit(1);
    uffdio_register range{};
    range.range = {reinterpret_cast<uint64_t>(page), 4096};
    range.mode = UFFDIO_REGISTER_MODE_MISSING;
    if (ioctl(faults, UFFDIO_REGISTER, &range) != 0) _exit(1);
  });
  hidden::waiting.acquire();
  hidden::wipe_stack();
}
