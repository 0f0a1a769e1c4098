// The allocator's names as find_real() finds them where nothing else is preloaded: libc's own.
#pragma once

#include <malloc.h>

#include <cstdlib>

#include "libtrack/capture/real.h"

namespace track::test {

inline void take_libc_allocator(capture::Real& real) {
  real.malloc = &::malloc;
  real.calloc = &::calloc;
  real.realloc = &::realloc;
  real.reallocarray = &::reallocarray;
  real.memalign = &::memalign;
  real.aligned_alloc = &::aligned_alloc;
  real.posix_memalign = &::posix_memalign;
  real.valloc = &::valloc;
  real.pvalloc = &::pvalloc;
  real.free = &::free;
}

}  // namespace track::test
