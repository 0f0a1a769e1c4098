// what: code made at run time, with unwind tables given to __register_frame: exceptions, waits,
// blocks and threads below it; everything of the C++ runtime linked in
// flags: -static-libgcc -static-libstdc++
// repeat: 2
#include <pthread.h>
#include <sys/mman.h>

#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/torture/check.h"

extern "C" void __register_frame(void*);
extern "C" void __deregister_frame(void*);

using Called = void (*)(void (*)(int), int);

// push %rbx; sub $16, %rsp; mov %rdi, %rbx; mov %esi, %edi; call *%rbx; add $16, %rsp; pop %rbx;
// ret
static const unsigned char kCode[] = {0x53, 0x48, 0x83, 0xec, 0x10, 0x48, 0x89, 0xfb, 0x89,
                                      0xf7, 0xff, 0xd3, 0x48, 0x83, 0xc4, 0x10, 0x5b, 0xc3};

struct Tables {
  // Version 1, no augmentation, code in bytes, data in -8, return address in 16; CFA = rsp + 8.
  unsigned char common[24] = {20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0x78, 16, 12, 7, 8, 0x90, 1};
  uint32_t length = 28, distance = 28;
  const void* start;
  uint64_t bytes = sizeof kCode;
  // After push: CFA + 16, rbx at CFA - 16; after sub: CFA + 32.
  unsigned char rules[8] = {0x41, 14, 16, 0x83, 2, 0x44, 14, 32};
  uint32_t end = 0;
} __attribute__((packed));

static std::mutex mutex;
static int sum;

static void work(int n) {
  int* volatile block = new int(n);
  {
    std::lock_guard<std::mutex> lock(mutex);
    sum += *block;
  }
  std::thread([] { usleep(1); }).join();
  usleep(1);
  delete block;
  if (n % 2 != 0) throw std::runtime_error("odd");
}

int main() {
  for (int round = 0; round < 10; ++round) {
    void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(page, kCode, sizeof kCode);
    mprotect(page, 4096, PROT_READ | PROT_EXEC);
    static Tables tables;
    tables.start = page;
    __register_frame(&tables);
    int caught = 0;
    for (int n = 0; n < 20; ++n) try {
        reinterpret_cast<Called>(page)(work, n);
      } catch (const std::runtime_error&) {
        ++caught;
      }
    SHOW(caught);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] { reinterpret_cast<Called>(page)(work, 2); });
    for (auto& thread : threads) thread.join();
    // Another round's code lies at the same address.
    __deregister_frame(&tables);
    munmap(page, 4096);
  }
  SHOW(sum);
}
