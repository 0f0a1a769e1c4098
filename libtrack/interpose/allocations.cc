// The C allocator: the real call, then a look at what it is for; for frees the other way round.
#include "libtrack/capture/coroutines.h"
#include "libtrack/capture/real.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;

// Mostly nothing is to be done when the block is there: then it goes to whoever called, and the
// hook ends with a jump. The rare case ends in a jump too (the build sees to it), and stands in its
// place. malloc and free are laid out for recording being off: then they cost what a lone jump
// does.
namespace {
[[gnu::noinline]] void* malloc_and_look(size_t n) {
  return perhaps_frame(real.malloc(n), n);
}
}  // namespace

TRACK_EXPORT void* malloc(size_t n) noexcept {
  if (__builtin_expect(track::core::recording_on(), 0)) {
    const auto caller = reinterpret_cast<uint64_t>(__builtin_return_address(0));
    if (no_frame(n, caller)) return real.malloc(n);
    return malloc_and_look(n);
  }
  return real.malloc(n);
}
TRACK_EXPORT void* calloc(size_t n, size_t size) noexcept {
  return allocated(real.calloc(n, size), n * size);
}
TRACK_EXPORT void* memalign(size_t alignment, size_t n) noexcept {
  return allocated(real.memalign(alignment, n), n);
}
TRACK_EXPORT void* aligned_alloc(size_t alignment, size_t n) noexcept {
  return allocated(real.aligned_alloc(alignment, n), n);
}
TRACK_EXPORT int posix_memalign(void** block, size_t alignment, size_t n) noexcept {
  const int rc = real.posix_memalign(block, alignment, n);
  if (rc == 0) allocated(*block, n);
  return rc;
}
// A frame is never resized: what comes out of realloc is none.
TRACK_EXPORT void* realloc(void* block, size_t n) noexcept {
  freeing(block);
  return real.realloc(block, n);
}
TRACK_EXPORT void free(void* block) noexcept {
  freeing(block);
  real.free(block);
}
