// Memory for tables that are read here and there all over: large ones ask for pages of 2 MiB, of
// which a processor keeps enough addresses at hand. For std::vector; throws std::bad_alloc.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <vector>

namespace track::analyze {

template <typename T>
struct HugePages {
  using value_type = T;
  static constexpr size_t kHuge = size_t{2} << 20;

  HugePages() = default;
  template <typename U>
  explicit(false) HugePages(const HugePages<U>&) {}

  T* allocate(size_t count) {
    if (count > ~size_t{0} / 2 / sizeof(T)) throw std::bad_alloc();
    const size_t bytes = count * sizeof(T);
    const bool large = bytes >= kHuge;
    void* memory = large ? std::aligned_alloc(kHuge, (bytes + kHuge - 1) & ~(kHuge - 1))
                         : std::aligned_alloc(64, (bytes + 63) & ~size_t{63});
    if (memory == nullptr) throw std::bad_alloc();
    if (large) madvise(memory, bytes, MADV_HUGEPAGE);  // refused: as fast as small ones are
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t) { std::free(memory); }

  friend bool operator==(const HugePages&, const HugePages&) { return true; }
};

template <typename T>
using HugeVector = std::vector<T, HugePages<T>>;

}  // namespace track::analyze
