// Pages that the program maps and unmaps itself.
#include <sys/mman.h>

#include "libtrack/capture/fibers.h"
#include "libtrack/capture/real.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;

TRACK_EXPORT void* mmap(void* at, size_t bytes, int protection, int flags, int fd,
                        off_t offset) noexcept {
  return real.mmap(at, bytes, protection, flags, fd, offset);
}
TRACK_EXPORT void* mmap64(void* at, size_t bytes, int protection, int flags, int fd,
                          off64_t offset) noexcept {
  return real.mmap(at, bytes, protection, flags, fd, offset);
}
// libc's is variadic: the last argument has its register in any case.
TRACK_EXPORT void* track_mremap(void* old, size_t old_bytes, size_t bytes, int flags,
                                void* to) asm("mremap");
TRACK_EXPORT void* track_mremap(void* old, size_t old_bytes, size_t bytes, int flags, void* to) {
  return real.mremap(old, old_bytes, bytes, flags, to);
}
TRACK_EXPORT int munmap(void* address, size_t bytes) noexcept {
  const auto from = reinterpret_cast<uint64_t>(address);
  stacks_unmapped(from, from + bytes);
  return real.munmap(address, bytes);
}
