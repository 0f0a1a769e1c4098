// text.h: the few string functions the tracker needs, ours so that no interposed or locale-bound
// libc function is ever entered from a hook.
#pragma once

#include <cstddef>
#include <cstdint>

namespace track::core {

inline size_t length(const char* s) {
  size_t n = 0;
  while (s[n] != 0) ++n;
  return n;
}

inline bool equal(const char* a, const char* b) {
  while (*a != 0 && *a == *b) ++a, ++b;
  return *a == *b;
}

inline bool starts_with(const char* s, const char* prefix) {
  while (*prefix != 0)
    if (*s++ != *prefix++) return false;
  return true;
}

inline void copy_bytes(void* to, const void* from, size_t bytes) {
  __builtin_memcpy(to, from, bytes);
}

// Appends to a fixed buffer; what does not fit is cut, the result is always terminated.
class Text {
 public:
  Text(char* buffer, size_t capacity) : buffer_(buffer), capacity_(capacity) { buffer_[0] = 0; }
  Text& add(const char* s) {
    while (*s != 0 && used_ + 1 < capacity_) buffer_[used_++] = *s++;
    buffer_[used_] = 0;
    return *this;
  }
  Text& add(uint64_t number) {
    char digits[21];
    char* p = digits + 20;
    *p = 0;
    do {
      *--p = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return add(p);
  }
  const char* c_str() const { return buffer_; }

 private:
  char* buffer_;
  size_t capacity_;
  size_t used_ = 0;
};

}  // namespace track::core
