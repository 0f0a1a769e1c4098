// What jemalloc and tcmalloc add to the C allocator's names for giving a block back. Blocks that
// malloc or operator new gave out may come back this way (folly's sized deallocation does so).
//
// A program may ask, by a weak reference, whether such an allocator is there, and takes our name
// for it. It has the block from malloc then, and free is the right end for it.
#include <stddef.h>

#include <atomic>

#include "libtrack/capture/allocations.h"
#include "libtrack/capture/coroutines.h"
#include "libtrack/capture/real.h"
#include "libtrack/core/symbols.h"
#include "libtrack/interpose/export.h"

using namespace track::capture;

// Looked up on the first call, not at the start: most processes have none of them.
#define TRACK_GIVE_BACK(name, parameters, arguments)             \
  TRACK_EXPORT void name parameters noexcept {                   \
    static constinit std::atomic<void*> known{nullptr};          \
    freeing(block);                                              \
    given_back_elsewhere(block);                                 \
    void* next = known.load(std::memory_order_relaxed);          \
    if (next == nullptr) {                                       \
      next = track::core::find_exported(#name);                  \
      if (next == nullptr) return real.free(block);              \
      known.store(next, std::memory_order_relaxed);              \
    }                                                            \
    return reinterpret_cast<void(*) parameters>(next) arguments; \
  }

// jemalloc
TRACK_GIVE_BACK(dallocx, (void* block, int flags), (block, flags))
TRACK_GIVE_BACK(sdallocx, (void* block, size_t n, int flags), (block, n, flags))

// tcmalloc
TRACK_GIVE_BACK(tc_free, (void* block), (block))
TRACK_GIVE_BACK(tc_cfree, (void* block), (block))
TRACK_GIVE_BACK(tc_free_sized, (void* block, size_t n), (block, n))
TRACK_GIVE_BACK(tc_delete, (void* block), (block))
TRACK_GIVE_BACK(tc_deletearray, (void* block), (block))
TRACK_GIVE_BACK(tc_delete_sized, (void* block, size_t n), (block, n))
TRACK_GIVE_BACK(tc_deletearray_sized, (void* block, size_t n), (block, n))
