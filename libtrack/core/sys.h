// sys.h: the kernel, without libc in between: no errno, no cancellation point, no lock, no memory.
// Every function returns what the kernel returned: negative = -errno. Safe anywhere.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace track::sys {

// Set before the target installs a system-call filter: from then on nothing here enters the kernel
// (every call is refused with EPERM), because a filter may kill for what the target itself never
// calls. What is mapped and reserved by then goes on being recorded; the rest is counted as lost.
extern std::atomic<bool> filtered;

inline long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                 long f = 0) {
  if (__builtin_expect(filtered.load(std::memory_order_relaxed), 0)) return -1;
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

inline long as_long(const void* p) {
  return reinterpret_cast<long>(p);
}

inline uint64_t ticks() {
  return __builtin_ia32_rdtsc();
}
inline int32_t tid() {
  return static_cast<int32_t>(call(SYS_gettid));
}
inline int32_t pid() {
  return static_cast<int32_t>(call(SYS_getpid));
}

uint64_t monotonic_ns();
uint64_t realtime_ns();
uint64_t boottime_ns();

inline void* map(void* at, size_t bytes, int protection, int flags, int fd) {
  return reinterpret_cast<void*>(
      call(SYS_mmap, as_long(at), static_cast<long>(bytes), protection, flags, fd, 0));
}
inline bool map_failed(const void* p) {
  return as_long(p) < 0 && as_long(p) > -4096;
}
inline void unmap(void* at, size_t bytes) {
  call(SYS_munmap, as_long(at), static_cast<long>(bytes));
}

struct Piece {  // iovec
  const void* base;
  size_t bytes;
};

// Copies from this process's own memory where it may not be readable (guard pages, memory that
// another thread may have unmapped). False: it was not, nothing was copied.
inline bool read_own_memory(const void* at, void* to, size_t bytes) {
  const Piece local{to, bytes}, remote{at, bytes};
  return call(SYS_process_vm_readv, pid(), as_long(&local), 1, as_long(&remote), 1, 0) ==
         static_cast<long>(bytes);
}
// Several at once, as many bytes to each piece as from its counterpart; how many bytes came before
// the first that was not readable.
inline size_t read_own_pieces(const Piece* from, const Piece* to, size_t count) {
  const long n = call(SYS_process_vm_readv, pid(), as_long(to), static_cast<long>(count),
                      as_long(from), static_cast<long>(count), 0);
  return n < 0 ? 0 : static_cast<size_t>(n);
}

// Shared futexes: the words lie in the recording, the other side is another process.
inline long futex_wait(const void* word, uint32_t expected, uint64_t timeout_ns) {
  struct {
    long seconds, nanoseconds;
  } limit{static_cast<long>(timeout_ns / 1000000000), static_cast<long>(timeout_ns % 1000000000)};
  return call(SYS_futex, as_long(word), FUTEX_WAIT, expected, as_long(&limit));
}
inline void futex_wake(const void* word) {
  call(SYS_futex, as_long(word), FUTEX_WAKE, 1 << 30);
}

// Whole-buffer read of a small file; returns bytes read or a negative errno.
long read_file(const char* path, char* buffer, size_t capacity);

}  // namespace track::sys
