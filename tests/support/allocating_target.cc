// A program for tests/e2e/heap.py: allocates by every name there is, from threads and in a fork
// child, then says what is in use: per function "NAME blocks bytes", and waits for its input's end.
#include <malloc.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>
#include <vector>

namespace {

constexpr size_t kLarge = 100;

struct alignas(64) Wide {
  char bytes[192];
};

int rounds;  // of every kind

// Each keeps half of what it allocates. The block is written: no compiler may leave it out.
template <class Allocate, class Free>
void half(std::vector<void*>& kept, Allocate allocate, Free give_back) {
  for (int i = 0; i < rounds; ++i) {
    void* block = allocate();
    std::memset(block, 1, 8);
    asm volatile("" ::"r"(block) : "memory");
    if (i % 2 == 0)
      kept.push_back(block);
    else
      give_back(block);
  }
}

#define TRACK_KIND(name, allocate, give_back)                                      \
  [[gnu::noinline]] void name(std::vector<void*>& kept) {                          \
    half(                                                                          \
        kept, []() -> void* { return allocate; }, [](void* block) { give_back; }); \
  }

TRACK_KIND(by_malloc, std::malloc(kLarge), std::free(block))
TRACK_KIND(by_calloc, std::calloc(10, 10), std::free(block))
TRACK_KIND(by_realloc, std::realloc(std::malloc(10), kLarge), std::free(block))
TRACK_KIND(by_realloc_far, std::realloc(std::malloc(10), 5000), std::free(block))
TRACK_KIND(by_reallocarray, reallocarray(nullptr, 10, 10), std::free(block))
TRACK_KIND(by_memalign, memalign(64, kLarge), std::free(block))
TRACK_KIND(by_aligned_alloc, std::aligned_alloc(64, 128), std::free(block))
TRACK_KIND(by_posix_memalign, ([] {
             void* block = nullptr;
             return posix_memalign(&block, 128, kLarge) == 0 ? block : nullptr;
           }()),
           std::free(block))
TRACK_KIND(by_valloc, valloc(kLarge), std::free(block))
TRACK_KIND(by_pvalloc, pvalloc(kLarge), std::free(block))
TRACK_KIND(by_new, operator new(kLarge), operator delete(block))
TRACK_KIND(by_new_sized, operator new(kLarge), operator delete(block, kLarge))
TRACK_KIND(by_new_array, operator new[](kLarge), operator delete[](block))
TRACK_KIND(by_new_nothrow, operator new(kLarge, std::nothrow), operator delete(block, std::nothrow))
TRACK_KIND(by_new_aligned, operator new(192, std::align_val_t(64)),
                           operator delete(block, std::align_val_t(64)))
TRACK_KIND(by_new_wide, new Wide, delete static_cast<Wide*>(block))

struct Kind {
  const char* name;
  void (*run)(std::vector<void*>&);
  size_t bytes;
};
const Kind kKinds[] = {{"by_malloc", by_malloc, kLarge},
                       {"by_calloc", by_calloc, 100},
                       {"by_realloc", by_realloc, kLarge},
                       {"by_realloc_far", by_realloc_far, 5000},
                       {"by_reallocarray", by_reallocarray, 100},
                       {"by_memalign", by_memalign, kLarge},
                       {"by_aligned_alloc", by_aligned_alloc, 128},
                       {"by_posix_memalign", by_posix_memalign, kLarge},
                       {"by_valloc", by_valloc, kLarge},
                       {"by_pvalloc", by_pvalloc, 4096},
                       {"by_new", by_new, kLarge},
                       {"by_new_sized", by_new_sized, kLarge},
                       {"by_new_array", by_new_array, kLarge},
                       {"by_new_nothrow", by_new_nothrow, kLarge},
                       {"by_new_aligned", by_new_aligned, 192},
                       {"by_new_wide", by_new_wide, sizeof(Wide)}};
constexpr size_t kKindCount = sizeof kKinds / sizeof kKinds[0];

void run_all(std::vector<void*>* kept) {
  for (size_t i = 0; i < kKindCount; ++i) {
    kept[i].reserve(static_cast<size_t>(rounds));
    kKinds[i].run(kept[i]);
  }
}

// The most in use at a time: so many bytes more than there are in the end.
constexpr size_t kPeak = 64 << 20;
[[gnu::noinline]] void peak() {
  void* block = std::malloc(kPeak);
  asm volatile("" ::"r"(block) : "memory");
  block = std::realloc(block, kPeak / 2);
  asm volatile("" ::"r"(block) : "memory");
  std::free(block);
}

// Ten mappings: five are unmapped, and half of a sixth.
[[gnu::noinline]] void by_mmap() {
  char* all[10];
  for (char*& at : all)
    at = static_cast<char*>(mmap(nullptr, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (int i = 0; i < 5; ++i) munmap(all[i], 8192);
  munmap(all[5] + 4096, 4096);
  // Addresses are not memory.
  mmap(nullptr, size_t{1} << 40, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

// Of an address that is given back and handed out again at once the two are not seen in the wrong
// order: tests/support/handing_malloc.cc, which is preloaded then, lets a block go to another
// thread before the call that gave it back has returned.
extern "C" {
[[gnu::weak]] extern std::atomic<void*> handing_block, handing_free;
[[gnu::weak]] extern std::atomic<bool> handing_had;
}
constexpr size_t kHanded = 5000;
std::vector<void*> had;

[[gnu::noinline]] void by_reuse() {
  while (handing_free == nullptr) std::this_thread::yield();
  had.push_back(std::malloc(kHanded));
  handing_had = true;
}

void reuse() {
  had.reserve(100);
  for (int i = 0; i < 20; ++i) {
    void* block = std::malloc(kHanded);
    asm volatile("" : "+r"(block) : : "memory");
    std::thread other(by_reuse);
    handing_block = block;
    if (i % 2 == 0)
      std::free(block);
    else
      block = std::realloc(block, 2 * kHanded);
    other.join();
    if (i % 2 != 0) std::free(block);
  }
  std::printf("by_reuse %zu %zu\n", had.size(), had.size() * kHanded);
  rounds = 0;
}

void tell(size_t times) {
  for (const Kind& kind : kKinds)
    std::printf("%s %zu %zu\n", kind.name, times * static_cast<size_t>(rounds) / 2,
                times * static_cast<size_t>(rounds) / 2 * kind.bytes);
  std::printf("ready\n");
  std::fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) continue;
}

// Their addresses in the code: what stands for them in a program at a fixed address.
[[gnu::noinline]] bool is_an_end(void* function) {
  return function == reinterpret_cast<void*>(&std::free) ||
         function == reinterpret_cast<void*>(&std::malloc) ||
         function == reinterpret_cast<void*>(&std::realloc);
}

}  // namespace

int main(int count, char** arguments) {
  rounds = count > 1 ? std::atoi(arguments[1]) : 100;
  if (is_an_end(arguments)) return 1;
  if (count > 2 && std::strcmp(arguments[2], "reuse") == 0) {
    reuse();
    tell(0);
    return 0;
  }
  const bool in_child = count > 2 && std::strcmp(arguments[2], "fork") == 0;
  static std::vector<void*> kept[3][kKindCount];
  run_all(kept[0]);
  if (in_child) {
    const pid_t child = fork();
    if (child != 0) {
      int status = 0;
      waitpid(child, &status, 0);
      return WEXITSTATUS(status);
    }
    // The parent's blocks are freed here, and are not this process's to tell about.
    for (auto& blocks : kept[0]) blocks.clear();
  }
  // Half of what another thread allocated is freed by this one.
  std::thread other([] { run_all(kept[1]); });
  other.join();
  run_all(kept[2]);
  for (auto& blocks : kept[2]) {
    for (void* block : blocks) std::free(block);
    blocks.clear();
  }
  peak();
  by_mmap();
  // Not in there: whose first word allocates its buffer.
  std::printf("by_mmap 5 %d\n", 4 * 8192 + 4096);
  tell(in_child ? 1 : 2);
  return 0;
}
