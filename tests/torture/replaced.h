// replaced.h: a program that replaces the operators its flags name and calls every form.
#pragma once

#include <new>
#include <string>
#include <vector>

#include "tests/torture/check.h"

static long news, deletes, wrong;
struct alignas(16) Head {
  size_t mark, offset;
};
static constexpr size_t kMark = 0x7265706c61636564;

// A replaced pair hands out blocks that no other allocator could free.
[[maybe_unused]] static void* take(size_t bytes, size_t alignment = 16) {
  ++news;
  if (alignment < 16) alignment = 16;
  if (bytes > size_t{1} << 40) throw std::bad_alloc();
  char* raw = static_cast<char*>(malloc(bytes + alignment + sizeof(Head)));
  const auto block =
      (reinterpret_cast<size_t>(raw) + sizeof(Head) + alignment - 1) & ~(alignment - 1);
  auto* head = reinterpret_cast<Head*>(block) - 1;
  *head = {kMark, block - reinterpret_cast<size_t>(raw)};
  return reinterpret_cast<void*>(block);
}
[[maybe_unused]] static void give(void* block) {
  ++deletes;
  if (block == nullptr) return;
  auto* head = static_cast<Head*>(block) - 1;
  if (head->mark != kMark) {
    ++wrong;
    return;
  }
  free(static_cast<char*>(block) - head->offset);
}

#ifdef REPLACE_NEW
void* operator new(size_t n) {
  return take(n);
}
void operator delete(void* p) noexcept {
  give(p);
}
void operator delete(void* p, size_t) noexcept {
  give(p);
}
#endif
#ifdef REPLACE_NEW_ONLY_UNSIZED
void* operator new(size_t n) {
  return take(n);
}
#pragma GCC diagnostic ignored "-Wsized-deallocation"
void operator delete(void* p) noexcept {
  give(p);
}
#endif
#ifdef REPLACE_ARRAY
void* operator new[](size_t n) {
  return take(n);
}
void operator delete[](void* p) noexcept {
  give(p);
}
void operator delete[](void* p, size_t) noexcept {
  give(p);
}
#endif
#ifdef REPLACE_ALIGNED
void* operator new(size_t n, std::align_val_t a) {
  return take(n, static_cast<size_t>(a));
}
void operator delete(void* p, std::align_val_t) noexcept {
  give(p);
}
#pragma GCC diagnostic ignored "-Wsized-deallocation"
#endif
#ifdef REPLACE_NOTHROW
void* operator new(size_t n, const std::nothrow_t&) noexcept {
  return malloc(n + (++news != 0));
}
void operator delete(void* p, const std::nothrow_t&) noexcept {
  free((++deletes, p));
}
#endif

struct alignas(128) Wide {
  char bytes[128];
};
struct Own {
  int value;
  static void* operator new(size_t n) { return ++count, malloc(n); }
  static void operator delete(void* p) { free(p); }
  static inline int count;
};

int main() {
  const auto n = std::nothrow;
  delete new int;
  operator delete (operator new(50), size_t{50});
  delete[] new int[20];
  operator delete[](operator new[](50), size_t{50});
#ifndef REPLACE_NOTHROW
  operator delete(operator new(50, n), n);
  operator delete(operator new(50, n));
  operator delete[](operator new[](50, n), n);
#else
  operator delete(operator new(50, n), n);
#endif
  delete new Wide;
  delete[] new Wide[3];
  constexpr std::align_val_t kAlign{256};
  operator delete(operator new(50, kAlign), kAlign);
  operator delete (operator new(50, kAlign), size_t{50}, kAlign);
  operator delete[](operator new[](50, kAlign), kAlign);
  operator delete[](operator new[](50, kAlign), size_t{50}, kAlign);
  operator delete(operator new(50, kAlign, n), kAlign, n);
  operator delete[](operator new[](50, kAlign, n), kAlign, n);
  delete new Own;
  std::vector<std::string> many;
  for (int i = 0; i < 200; ++i) many.emplace_back(static_cast<size_t>(i), 'x');
  many.clear();
  try {
    operator delete(operator new (size_t{1} << 62));
  } catch (const std::bad_alloc&) {
    puts("bad_alloc");
  }
  SHOW(news);
  SHOW(deletes);
  SHOW(wrong);
  SHOW(Own::count);
}
