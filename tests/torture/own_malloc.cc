// what: the executable brings its own malloc: every allocation and every free must reach it
// flags: -fno-builtin
#include <stdint.h>

#include <new>
#include <string>

#include "tests/torture/check.h"

// Each block carries a mark in front, so that a block of another allocator is noticed.
static constexpr uint64_t kMark = 0x6d616c6c6f633a29;
static char arena[64 << 20];
static size_t used;
static long foreign;

extern "C" {
void* aligned_alloc(size_t alignment, size_t bytes) {
  if (alignment < 16) alignment = 16;
  size_t at = __atomic_fetch_add(&used, bytes + alignment + 32, __ATOMIC_RELAXED);
  if (bytes > sizeof arena || at + bytes + alignment + 32 > sizeof arena)
    return errno = ENOMEM, nullptr;
  const auto block =
      (reinterpret_cast<uintptr_t>(arena + at) + 16 + alignment - 1) & ~(alignment - 1);
  reinterpret_cast<uint64_t*>(block)[-1] = kMark;
  reinterpret_cast<uint64_t*>(block)[-2] = bytes;
  return reinterpret_cast<void*>(block);
}
void* malloc(size_t bytes) {
  return aligned_alloc(16, bytes);
}
void* calloc(size_t n, size_t size) {
  return malloc(n * size);
}
void free(void* block) {
  if (block != nullptr && static_cast<uint64_t*>(block)[-1] != kMark) ++foreign;
}
void* realloc(void* block, size_t bytes) {
  void* fresh = malloc(bytes);
  if (block != nullptr && fresh != nullptr) {
    const size_t old = static_cast<uint64_t*>(block)[-2];
    memcpy(fresh, block, old < bytes ? old : bytes);
  }
  return fresh;
}
int posix_memalign(void** block, size_t alignment, size_t bytes) {
  *block = aligned_alloc(alignment, bytes);
  return *block != nullptr ? 0 : ENOMEM;
}
void* memalign(size_t alignment, size_t bytes) {
  return aligned_alloc(alignment, bytes);
}
}

static bool is_ours(void* block) {
  return reinterpret_cast<char*>(block) >= arena &&
         reinterpret_cast<char*>(block) < arena + sizeof arena;
}

int main() {
  constexpr std::align_val_t kAlign{128};
  void* p = malloc(10);
  CHECK(is_ours(p));
  free(p);
  p = strdup("text");
  CHECK(is_ours(p));
  free(p);
  p = operator new(10);
  CHECK(is_ours(p));
  operator delete(p);
  p = operator new[](10);
  CHECK(is_ours(p));
  operator delete[](p);
  p = operator new(10, std::nothrow);
  CHECK(is_ours(p));
  operator delete (p, size_t{10});
  p = operator new(10, kAlign);
  CHECK(is_ours(p));
  operator delete(p, kAlign);
  p = operator new[](10, kAlign);
  CHECK(is_ours(p));
  operator delete[](p, size_t{10}, kAlign);
  std::string text(1000, 'x');
  CHECK(is_ours(text.data()));
  SHOW(foreign);
}
