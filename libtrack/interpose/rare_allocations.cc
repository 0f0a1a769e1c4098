// The rarer names of the C allocator. A coroutine's frame never comes from them.
#include "libtrack/capture/coroutines.h"
#include "libtrack/capture/real.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;

TRACK_EXPORT void* reallocarray(void* block, size_t n, size_t size) noexcept {
  freeing(block);
  return real.reallocarray(block, n, size);
}
TRACK_EXPORT void* valloc(size_t n) noexcept {
  return real.valloc(n);
}
TRACK_EXPORT void* pvalloc(size_t n) noexcept {
  return real.pvalloc(n);
}
