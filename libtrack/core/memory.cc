#include "libtrack/core/memory.h"

#include <sys/mman.h>

#include "libtrack/core/sys.h"
#include "libtrack/wire/recording.h"

namespace track::core {
namespace {

constexpr size_t kChunkBytes = 256 * 1024;
constexpr uint64_t kAddressMask = (uint64_t{1} << 48) - 1;

struct Chunk : wire::Arena {
  std::atomic<size_t> used;
};
static_assert(sizeof(Chunk) <= 64);

std::atomic<Chunk*> current_chunk{nullptr};
std::atomic<uint64_t> newest_arena{0};

void list(Chunk* chunk) {
  uint64_t head = newest_arena.load(std::memory_order_relaxed);
  do {
    chunk->older = head;
  } while (!newest_arena.compare_exchange_weak(head, reinterpret_cast<uint64_t>(chunk),
                                               std::memory_order_release));
}

Chunk* map_chunk(size_t bytes) {
  void* p = sys::map(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (sys::map_failed(p)) return nullptr;
  auto* chunk = static_cast<Chunk*>(p);
  chunk->bytes = bytes;
  chunk->used.store(64, std::memory_order_relaxed);
  return chunk;
}

}  // namespace

const std::atomic<uint64_t>& arenas() {
  return newest_arena;
}

void* allocate(size_t bytes) {
  bytes = (bytes + 63) & ~size_t{63};
  if (bytes > kChunkBytes / 4) {
    bytes += 64;
    void* p = sys::map(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    if (sys::map_failed(p)) return nullptr;
    auto* chunk = static_cast<Chunk*>(p);
    chunk->bytes = bytes;
    list(chunk);
    return static_cast<char*>(p) + 64;
  }
  for (;;) {
    Chunk* chunk = current_chunk.load(std::memory_order_acquire);
    if (chunk != nullptr) {
      const size_t at = chunk->used.fetch_add(bytes, std::memory_order_relaxed);
      if (at + bytes <= chunk->bytes) return reinterpret_cast<char*>(chunk) + at;
    }
    Chunk* fresh = map_chunk(kChunkBytes);
    if (fresh == nullptr) return nullptr;
    // The loser's chunk goes back; what was left of the old one is given up.
    if (current_chunk.compare_exchange_strong(chunk, fresh, std::memory_order_acq_rel))
      list(fresh);
    else
      sys::unmap(fresh, kChunkBytes);
  }
}

void* allocate_shared(size_t bytes) {
  bytes += 64;
  void* p = sys::map(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
  if (sys::map_failed(p)) return nullptr;
  auto* chunk = static_cast<Chunk*>(p);
  chunk->bytes = bytes;
  list(chunk);
  return static_cast<char*>(p) + 64;
}

void clear(void* memory, size_t bytes) {
  constexpr uint64_t kPage = 4096;
  const auto begin = reinterpret_cast<uint64_t>(memory), end = begin + bytes;
  const uint64_t first = (begin + kPage - 1) & ~(kPage - 1), last = end & ~(kPage - 1);
  auto* bytes_of = static_cast<char*>(memory);
  if (first >= last || sys::call(SYS_madvise, static_cast<long>(first),
                                 static_cast<long>(last - first), MADV_DONTNEED) != 0) {
    __builtin_memset(memory, 0, bytes);
    return;
  }
  __builtin_memset(bytes_of, 0, first - begin);
  __builtin_memset(bytes_of + (last - begin), 0, end - last);
}

void* BlockPool::take() {
  uint64_t head = head_.load(std::memory_order_acquire);
  while ((head & kAddressMask) != 0) {
    auto* block = reinterpret_cast<uint64_t*>(head & kAddressMask);
    const uint64_t next = __atomic_load_n(block, __ATOMIC_RELAXED) & kAddressMask;
    const uint64_t tag = (head >> 48) + 1;
    if (head_.compare_exchange_weak(head, tag << 48 | next, std::memory_order_acq_rel))
      return block;
  }
  return allocate(bytes_);
}

void BlockPool::give(void* block) {
  auto* word = static_cast<uint64_t*>(block);
  uint64_t head = head_.load(std::memory_order_relaxed);
  do {
    __atomic_store_n(word, head & kAddressMask, __ATOMIC_RELAXED);
  } while (!head_.compare_exchange_weak(
      head, ((head >> 48) + 1) << 48 | reinterpret_cast<uint64_t>(block),
      std::memory_order_acq_rel));
}

}  // namespace track::core
