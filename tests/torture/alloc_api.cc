// what: the whole allocator API, sizes zero and huge, every operator new and delete
#include <malloc.h>
#include <stdint.h>

#include <new>
#include <string>

#include "tests/torture/check.h"

int main() {
  for (size_t bytes : {0, 1, 24, 100, 4096, 200000, 2000000}) {
    void* all[8] = {malloc(bytes),           calloc(bytes, 3),
                    realloc(nullptr, bytes), reallocarray(nullptr, bytes, 2),
                    memalign(64, bytes),     aligned_alloc(128, bytes),
                    valloc(bytes),           pvalloc(bytes)};
    void* ninth = nullptr;
    CHECK(posix_memalign(&ninth, 256, bytes) == 0);
    int good = 0;
    for (void* p : all) {
      if (p == nullptr) continue;
      good += malloc_usable_size(p) >= bytes;
      memset(p, 1, bytes);
      p = realloc(p, bytes + 500);
      memset(p, 2, bytes + 500);
      free(p);
    }
    free(ninth);
    SHOW(good);
  }
  int bad = 0;
  SHOW(posix_memalign(reinterpret_cast<void**>(&bad), 3, 100));
  SHOW_ERRNO(malloc(PTRDIFF_MAX) == nullptr);
  SHOW_ERRNO(calloc(SIZE_MAX / 2, 4) == nullptr);
  SHOW_ERRNO(reallocarray(nullptr, SIZE_MAX / 2, 4) == nullptr);
  SHOW_ERRNO(realloc(nullptr, PTRDIFF_MAX) == nullptr);
  SHOW_ERRNO(aligned_alloc(64, PTRDIFF_MAX) == nullptr);
  char* text = nullptr;
  SHOW(asprintf(&text, "%0200d", 5));
  free(text);
  free(strdup("duplicate"));
  constexpr std::align_val_t kAlign{256};
  delete new int;
  delete[] new int[50];
  operator delete (operator new(100), size_t{100});
  operator delete[](operator new[](100), size_t{100});
  operator delete(operator new(100, std::nothrow), std::nothrow);
  operator delete[](operator new[](100, std::nothrow), std::nothrow);
  operator delete(operator new(100, kAlign), kAlign);
  operator delete[](operator new[](100, kAlign), kAlign);
  operator delete (operator new(100, kAlign), size_t{100}, kAlign);
  operator delete[](operator new[](100, kAlign), size_t{100}, kAlign);
  operator delete(operator new(100, kAlign, std::nothrow), kAlign, std::nothrow);
  operator delete[](operator new[](100, kAlign, std::nothrow), kAlign, std::nothrow);
  operator delete(operator new(0));
  operator delete(nullptr);
  CHECK(operator new(PTRDIFF_MAX, std::nothrow) == nullptr);
  CHECK(operator new(PTRDIFF_MAX, kAlign, std::nothrow) == nullptr);
  std::string grows;
  for (int i = 0; i < 100000; ++i) grows += 'x';
  SHOW(grows.size());
}
