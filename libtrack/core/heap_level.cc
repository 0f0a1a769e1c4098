#include "libtrack/core/heap_level.h"

#include "libtrack/core/recording.h"
#include "libtrack/core/sys.h"

namespace track::core {

constinit thread_local int64_t untold_bytes __attribute__((tls_model("initial-exec"))) = 0;

void tell_heap_level() {
  const int64_t bytes = __atomic_exchange_n(&untold_bytes, 0, __ATOMIC_RELAXED);
  wire::HeapEstimate& heap = recording.header->heap;
  const auto change = static_cast<uint64_t>(bytes);
  const uint64_t now = heap.bytes.fetch_add(change, std::memory_order_relaxed) + change;
  uint64_t peak = heap.peak_bytes.load(std::memory_order_relaxed);
  // Another thread may tell of a block's end before this one tells of its beginning.
  while (static_cast<int64_t>(now) > static_cast<int64_t>(peak)) {
    if (!heap.peak_bytes.compare_exchange_weak(peak, now, std::memory_order_relaxed)) continue;
    heap.peak_ticks.store(sys::ticks(), std::memory_order_relaxed);
    return;
  }
}

void restart_heap_level_after_fork() {
  untold_bytes = 0;
}

}  // namespace track::core
