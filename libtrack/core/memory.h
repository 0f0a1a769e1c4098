// memory.h: the tracker's only private memory: pages of its own from mmap, handed out and never
// given back to the kernel. Lock-free, safe in signal handlers, zero-filled, 64-byte aligned.
// Blocks that come and go (a thread's replay state) are recycled by their owner's free list.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace track::core {

// Null when the kernel gives no more; the caller counts the loss.
void* allocate(size_t bytes);

// The same in pages that fork children share with us and with each other.
void* allocate_shared(size_t bytes);

// Zeroes memory of allocate's; whole pages go back to the kernel until they are touched again.
void clear(void* memory, size_t bytes);

// The newest of the tracker's mappings, each a wire::Arena that names the next: for a reader that
// must tell them from the target's memory.
const std::atomic<uint64_t>& arenas();

// Blocks of one size, recycled last-in first-out. A block's first word is the free list's link.
class BlockPool {
 public:
  constexpr explicit BlockPool(size_t bytes) : bytes_(bytes) {}
  void* take();  // zeroed only when fresh: recycled blocks keep their old bytes
  void give(void* block);

 private:
  // Address in the low 48 bits, a counter above it against A-B-A.
  std::atomic<uint64_t> head_{0};
  size_t bytes_;
};

}  // namespace track::core
