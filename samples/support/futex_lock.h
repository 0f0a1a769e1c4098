// A lock that calls the kernel by an instruction of its own, as libgomp's and some languages' do:
// no tool sees it in libc.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>

#include <atomic>

class FutexLock {
 public:
  void lock() {
    for (int free = 0; !word_.compare_exchange_strong(free, 1); free = 0)
      call(FUTEX_WAIT_PRIVATE, 1);
  }
  void unlock() {
    word_ = 0;
    call(FUTEX_WAKE_PRIVATE, 1);
  }

 private:
  void call(int operation, int value) {
    long result;
    register long timeout asm("r10") = 0;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(SYS_futex), "D"(&word_), "S"(operation), "d"(value), "r"(timeout)
                 : "rcx", "r11", "memory");
  }

  std::atomic<int> word_{0};
};
